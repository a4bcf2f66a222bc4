"""`sync_me`: afterwards each device of an author holds what loading anew would give."""

import pytest

from moderado.chat.services import editing, memberships, removing
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests.integration.chat.steps import wait_until_settled
from tests.integration.realtime.conftest import Cast, post, screen

pytestmark = pytest.mark.proves("R60")

edit = run_in_db_thread(editing.edit_message)
delete = run_in_db_thread(removing.delete_message)
leave = run_in_db_thread(memberships.leave_room)

OFFENSIVE = "seu filho da puta"


settled = run_in_db_thread(wait_until_settled)


async def synced_me(client, after):
    await settled()
    await client.send("sync_me", after=after)
    return await client.next("synced_me")


def stated(answer):
    return [
        (each["content"], each["status"], each.get("edit", {}).get("status"))
        for each in answer["messages"]
    ]


async def test_device_that_was_away_learns_every_outcome(cast: Cast):
    room, other = await cast.room(), await cast.room()
    ana = await cast.member(room)
    away = await cast.join(ana, room)
    cursor = away.heard[0]["me"]["cursor"]
    await away.connection.close()

    shown = (await post(author_id=ana.id, room_id=room.id, text="bom dia")).view
    deleted = (await post(author_id=ana.id, room_id=room.id, text=OFFENSIVE)).view
    await post(author_id=ana.id, room_id=other.id, text=f"{OFFENSIVE}!")
    await screen()
    await edit(actor_id=ana.id, message_id=shown.id, text=OFFENSIVE)
    await delete(actor_id=ana.id, message_id=deleted.id)
    await screen()
    await post(author_id=ana.id, room_id=room.id, text="boa tarde")

    back = await cast.join(ana)
    answer = await synced_me(back, cursor)

    assert sorted(stated(answer), key=str) == sorted(
        [
            ("bom dia", "APPROVED", "REJECTED"),
            ("", "REMOVED", None),
            (f"{OFFENSIVE}!", "REJECTED", None),
            ("boa tarde", "PENDING", None),
        ],
        key=str,
    )
    assert (answer["reset"], answer["more"]) == (False, False)
    assert stated(await synced_me(back, answer["me"]["cursor"])) == []
    assert back.heard[0]["me"]["cursor"]


async def test_pending_message_of_an_answer_is_followed_to_its_outcome(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    there = await cast.join(ana)
    cursor = there.heard[0]["me"]["cursor"]
    await post(author_id=ana.id, room_id=room.id, text=OFFENSIVE)

    answer = await synced_me(there, cursor)
    await screen()

    assert stated(answer) == [(OFFENSIVE, "PENDING", None)]
    assert (await there.next("message_rejected"))["message"]["content"] == OFFENSIVE


async def test_without_a_cursor_it_is_a_reset(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    client = await cast.join(ana, room)

    for after in ({}, {"after": None}, {"after": "of another server"}):
        await client.send("sync_me", **after)
        answer = await client.next("synced_me")
        assert (answer["reset"], answer["messages"]) == (True, [])
        assert not (await synced_me(client, answer["me"]["cursor"]))["reset"]


async def test_nobody_receives_changes_of_others_or_of_closed_rooms(cast: Cast):
    room, private = await cast.room(), await cast.room(is_private=True)
    ana, bia = await cast.member(room), await cast.member(room)
    await cast.member(private)
    at_bia = await cast.join(bia, room)
    cursor = at_bia.heard[0]["me"]["cursor"]

    await post(author_id=ana.id, room_id=room.id, text=OFFENSIVE)

    assert stated(await synced_me(at_bia, cursor)) == []
