"""Details of the protocol that implementations get wrong easily."""

import pytest

from moderado.realtime import node
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.reconcile import Schedule
from tests.integration.realtime.conftest import Cast, make_user, screen, timing_with

OFFENSIVE = "seu filho da puta"
WHY = ("reason", "categories", "explanation", "appealable")


async def test_rejected_edit_has_the_same_reason_fields_as_a_message(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    await at_ana.send("chat_message", message="bom dia")
    message = (await at_ana.next("message_queued"))["message"]
    await screen()
    await at_ana.next("chat_message")

    await at_ana.send("edit_message", id=message["id"], message=OFFENSIVE)
    await at_ana.next("message_queued")
    await screen()
    rejected = await at_ana.next("message_rejected")

    assert rejected["message"]["content"] == "bom dia"
    assert rejected["message"]["edit"]["content"] == OFFENSIVE
    for name in WHY:
        assert rejected["message"][name] == rejected["message"]["edit"][name] == rejected[name]


async def test_deletion_of_an_unpublished_message_takes_no_seq(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    here, there = await cast.join(ana, room), await cast.join(ana, room)
    await here.send("chat_message", message=OFFENSIVE)
    message = (await here.next("message_queued"))["message"]
    await screen()

    await here.send("delete_message", id=message["id"])

    for client in (here, there):
        removed = await client.next("message_removed")
        assert (removed["seq"], removed["message"]["status"]) == (0, "REMOVED")


async def test_deletion_of_a_removed_message_takes_no_seq(cast: Cast):
    room = await cast.room(moderation_mode="post")
    ana = await cast.member(room)
    here, there = await cast.join(ana, room), await cast.join(ana, room)
    await here.send("chat_message", message=OFFENSIVE)
    message = (await here.next("message_queued"))["message"]
    await screen()
    for client in (here, there):
        await client.next("message_rejected")
        await client.next("message_removed")

    await here.send("delete_message", id=message["id"])

    for client in (here, there):
        removed = await client.next("message_removed")
        assert (removed["seq"], removed["message"]["content"]) == (0, "")
        assert client.seqs(room.id) == [1, 2, 0]


@pytest.mark.parametrize(
    "timing",
    [timing_with(reconciliation=Schedule(interval=3_600, hint_delay=0.0, outcome_after=0.0))],
)
async def test_recovered_verdict_waits_for_the_order_of_its_room(cast: Cast):
    """The hints of two publications are lost. The author's outcome is recovered first."""
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)
    with fanout.publishing_by(lambda *_hints: None):
        await cast.publish(room, ana.id, "um")
        await at_ana.send("chat_message", message="dois", client_id="2")
        await at_ana.next(
            "message_queued", where=lambda frame: frame["message"]["client_id"] == "2"
        )
        await screen()

        await node.current().reconciler.outcomes()
        await at_ana.up_to_date()
        assert at_ana.seqs(room.id) == []
        await node.current().reconciler.rooms()
        for client in (at_ana, at_bia):
            await client.next("chat_message", where=lambda frame: frame["seq"] == 2)
        await at_ana.up_to_date()

        assert at_ana.seqs(room.id) == [1, 2]


async def test_refused_subscription_is_not_announced_as_presence(cast: Cast):
    room = await cast.room(is_private=True)
    ana, bia = await cast.member(room), await cast.member(room)
    stranger = await make_user()
    at_ana = await cast.join(ana, room)

    elsewhere = await cast.join(stranger)
    await elsewhere.send("subscribe", room=str(room.id))
    assert (await elsewhere.next("error"))["code"] == "no_such_room"
    at_bia = await cast.join(bia, room)
    await at_bia.connection.close()
    await at_ana.next("presence", where=lambda frame: not frame["present"])

    assert str(stranger.id) not in str(at_ana.heard)
