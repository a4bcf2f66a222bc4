"""Input one byte or character too long, by REST and socket: refused and not stored."""

import json
import time
import unicodedata

import pytest
from asgiref.sync import sync_to_async
from rest_framework.test import APIClient

from moderado.accounts.models import User
from moderado.chat.models import Message, Room
from moderado.chat.services import posting
from moderado.chat.services.screening import screen_waiting
from moderado.moderation.normalize.folding import fold
from tests import factories
from tests.integration.realtime.conftest import Cast, make_token

pytestmark = pytest.mark.proves("S15")

FRAME = 64 * 1024  # bytes
TOO_LONG = {
    "4,001 code points": "x" * 4_001,
    "4,001 of three bytes": "\u20ac" * 4_001,
    "16 KiB and a byte": "x" * (16 * 1024 + 1),
    "16 KiB and two bytes": "\u00e9" * (8 * 1024 + 1),
    "a letter and 5,000 marks": "a" + "\u0301" * 5_000,
}


@pytest.mark.parametrize("text", TOO_LONG.values(), ids=TOO_LONG)
async def test_too_long_text_is_refused_and_not_stored(cast: Cast, text):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)

    await at_ana.send("chat_message", message=text, client_id="1")
    error = await at_ana.next("error")
    status = await sync_to_async(posted)(ana, room, text)
    await at_ana.up_to_date()

    assert (error["code"], error["client_id"], status) == ("invalid", "1", 400)
    assert "message_queued" not in at_ana.types()
    assert not await Message.objects.aexists()


def posted(user: User, room: Room, text: str) -> int:
    client = APIClient()
    client.force_login(user)
    answer = client.post(f"/api/chat/rooms/{room.id}/messages/", {"content": text}, format="json")
    return int(answer.status_code)


async def test_frame_of_64_kib_is_read_and_a_longer_one_closes_the_socket(cast: Cast):
    room = await cast.room()
    path = f"/ws/chat/{room.id}/?token={await make_token(await cast.member(room))}"
    frame = {"type": "chat_message", "message": ""}
    room_for_text = FRAME - len(json.dumps(frame))
    at_ana, at_bia = await cast.open(path), await cast.open(path)

    await at_ana.send_text(json.dumps(frame | {"message": "x" * room_for_text}))
    await at_bia.send_text(json.dumps(frame | {"message": "x" * (room_for_text + 1)}))

    assert (await at_ana.next("error"))["code"] == "invalid"
    await at_ana.up_to_date()
    assert await at_bia.closed() == 1009
    assert not await Message.objects.aexists()


@pytest.mark.django_db
def test_text_that_expands_when_folded_is_judged_in_bounded_work():
    """U+FDFA, 4,000 times: within the length limit, so it is accepted.

    NFKC expands it eighteenfold. The matcher runs in linear time, so the length of the folded text
    bounds the work.
    """
    text = "\ufdfa" * 4_000
    member = factories.make_member()
    posted = posting.post_message(author_id=member.user_id, room_id=member.room_id, text=text)

    screen_waiting()

    assert Message.objects.get(pk=posted.view.id).queued_at is None
    assert len(unicodedata.normalize("NFKC", text)) == 18 * len(text)
    assert len(fold(text).text) <= 4 * len(text)


@pytest.mark.long  # needs a machine of its own
@pytest.mark.django_db
def test_text_that_expands_when_folded_is_judged_within_250_ms():
    member = factories.make_member()
    posting.post_message(author_id=member.user_id, room_id=member.room_id, text="\ufdfa" * 4_000)

    began = time.process_time()
    screen_waiting()

    assert time.process_time() - began < 0.25
