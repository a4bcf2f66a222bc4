"""A room of mode `optimistic` on sockets: what other members receive, and when."""

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from tests.factories import make_message, make_room
from tests.integration.realtime.conftest import Cast, screen

OFFENSIVE = "seu filho da puta"


@sync_to_async
def trust(user):
    """Make the user an author in good standing."""
    room = make_room()
    for _ in range(settings.ENV.optimistic_messages):
        make_message(room, author=user, status="APPROVED")


@pytest.mark.proves("R207")
async def test_others_receive_at_once_only_what_nothing_speaks_against(cast: Cast):
    room = await cast.room(moderation_mode="optimistic")
    ana, new, bia = [await cast.member(room) for _ in range(3)]
    await trust(ana)
    at_ana, at_new, at_bia = [await cast.join(user, room) for user in (ana, new, bia)]

    await at_ana.send("chat_message", message=OFFENSIVE, client_id="1")
    assert (await at_ana.next("message_queued"))["message"]["status"] == "PENDING"
    await at_new.send("chat_message", message="sou nova", client_id="1")
    assert (await at_new.next("message_queued"))["message"]["status"] == "PENDING"
    await at_ana.send("chat_message", message="bom dia", client_id="2")
    shown = await at_bia.next("chat_message")  # no worker has judged anything yet
    assert shown["message"]["content"] == "bom dia"

    await screen()
    assert (await at_ana.next("message_rejected"))["message"]["content"] == OFFENSIVE
    assert (await at_bia.next("chat_message"))["message"]["content"] == "sou nova"
    await at_bia.send("sync", room=str(room.id), after=0)
    await at_bia.next("synced")
    assert OFFENSIVE not in str(at_bia.heard)
