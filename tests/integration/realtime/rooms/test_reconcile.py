"""Recovery of what Redis has lost: in order, and within seconds."""

import asyncio

import pytest
from channels.layers import get_channel_layer

from moderado.accounts.models import User
from moderado.chat.models import Room
from moderado.chat.selectors import feed
from moderado.core import redis
from moderado.enforcement.services.rulings import undo
from moderado.enforcement.types import Actor, ContentOutcome
from moderado.moderation.models import Case
from moderado.realtime import node
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.pubsub import envelope, fanout
from tests import rulings
from tests.integration.realtime.conftest import Cast, post, screen, timing_with


@pytest.fixture
async def held_message(cast: Cast, settings):
    """The author of a held message, connected and told so, and a moderator of its room."""
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]
    room = await cast.room()
    ana, mod = await cast.member(room), await cast.member(room, "MODERATOR")
    at_ana = await cast.join(ana, room)
    await at_ana.send("chat_message", message="HOLD", client_id="1")
    await at_ana.next("message_queued")
    await screen()
    await at_ana.next("message_held")
    return at_ana, mod


@run_in_db_thread
def refuse(mod):
    return rulings.make_ruling(
        actor_id=mod.id, case_id=Case.objects.get().id, content=ContentOutcome.REMOVE
    )


@run_in_db_thread
def take_back(ruling):
    actor = Actor(id=ruling.actor_id, scope_ids=None)
    undo(actor=actor, ruling_id=ruling.id)


async def test_gap_is_filled_before_the_next_change_is_delivered(cast: Cast, hints):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_bia = await cast.join(bia, room)
    await cast.publish(room, ana.id, "um")
    await at_bia.next("chat_message")

    hints.are_lost = True
    await cast.publish(room, ana.id, "dois", "três")
    hints.are_lost = False
    await cast.publish(room, ana.id, "quatro")
    for _ in range(3):
        await at_bia.next("chat_message")
    await at_bia.up_to_date()

    assert at_bia.seqs(room.id) == [1, 2, 3, 4]


async def test_lost_hints_are_recovered_by_the_periodic_check(cast: Cast, hints):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)
    await at_ana.send("chat_message", message="bom dia", client_id="1")
    await at_ana.send("chat_message", message="seu filho da puta", client_id="2")
    for _ in range(2):
        await at_ana.next("message_queued")

    hints.are_lost = True
    await screen()

    assert (await at_bia.next("chat_message"))["seq"] == 1
    assert (await at_ana.next("chat_message"))["seq"] == 1
    assert (await at_ana.next("message_rejected"))["reason"]


@pytest.mark.proves("R113")
async def test_lost_ruling_on_a_held_message_is_found(cast: Cast, hints, held_message):
    at_ana, mod = held_message
    hints.are_lost = True
    await refuse(mod)

    assert (await at_ana.next("message_rejected"))["reason"]


@pytest.mark.proves("R113")
async def test_lost_ruling_is_found_by_a_connection_opened_since(cast: Cast, hints, held_message):
    _, mod = held_message
    back = await cast.join(await User.objects.aget(messages__status="HELD"))
    hints.are_lost = True
    await refuse(mod)

    assert (await back.next("message_rejected"))["reason"]


@pytest.mark.proves("R258")
@pytest.mark.parametrize("asked", ["sync", "sync_me"])
async def test_lost_ruling_is_found_by_a_connection_that_read_of_the_hold(
    cast: Cast, hints, settings, asked
):
    """The message is held after the connection was opened, and no hint says so."""
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]
    room = await cast.room()
    ana, mod = await cast.member(room), await cast.member(room, "MODERATOR")
    at_ana = await cast.join(ana, room)
    cursor = at_ana.heard[0]["me"]["cursor"]
    hints.are_lost = True
    await post(author_id=ana.id, room_id=room.id, text="HOLD", client_id="1")
    await screen()

    if asked == "sync_me":
        await at_ana.send("sync_me", after=cursor)
        (held,) = (await at_ana.next("synced_me"))["messages"]
    else:
        await at_ana.send("sync", after=0, epoch=None, pending=["1"])
        held = (await at_ana.next("synced"))["pending"]["1"]
    assert held["status"] == "HELD"
    await refuse(mod)

    assert (await at_ana.next("message_rejected"))["reason"]


@pytest.mark.proves("R113")
async def test_message_that_is_held_again_is_told_again(held_message):
    at_ana, mod = held_message
    ruling = await refuse(mod)
    await at_ana.next("message_rejected")
    await take_back(ruling)
    await at_ana.next("message_held")
    await refuse(mod)

    assert (await at_ana.next("message_rejected"))["reason"]


async def test_reconnected_author_gets_the_verdict_without_a_hint(cast: Cast, hints):
    room = await cast.room()
    ana = await cast.member(room)
    before = await cast.join(ana, room)
    await before.send("chat_message", message="seu filho da puta", client_id="1")
    await before.next("message_queued")
    back = await cast.join(ana, room)
    await back.send("sync", after=0, epoch=None, pending=["1"])
    assert (await back.next("synced"))["pending"]["1"]["status"] == "PENDING"

    hints.are_lost = True
    await screen()

    assert (await back.next("message_rejected"))["reason"]


@pytest.mark.proves("S11")
async def test_lost_removal_is_found_before_the_next_delivery(cast: Cast, hints):
    room = await cast.room(is_private=True)
    ana, bia = await cast.member(room), await cast.member(room)
    at_bia = await cast.join(bia, room)

    hints.are_lost = True
    await room.memberships.filter(user=bia).adelete()
    await Room.objects.filter(pk=room.id).aupdate(acl_version=1)
    await cast.publish(room, ana.id, "segredo")

    assert await at_bia.closed() == 4003
    assert "segredo" not in str(at_bia.heard)


@pytest.fixture
def repeated_hints():
    def publish_five_times(*hints):
        for _ in range(5):
            publish(*hints)

    with fanout.publishing_by(publish_five_times) as publish:
        yield


@pytest.mark.usefixtures("repeated_hints")
async def test_repeated_hints_are_delivered_once_to_clients(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)

    await at_ana.send("chat_message", message="bom dia", client_id="1")
    await at_ana.send("chat_message", message="seu filho da puta", client_id="2")
    for _ in range(2):
        await at_ana.next("message_queued")
    await screen()
    await at_ana.next("message_rejected")
    await at_bia.next("chat_message")
    await asyncio.gather(at_ana.up_to_date(), at_bia.up_to_date())

    assert at_ana.types().count("message_queued") == 2
    assert at_ana.types().count("message_rejected") == 1
    assert at_bia.seqs(room.id) == at_ana.seqs(room.id) == [1]


@pytest.mark.parametrize(
    "fault", ["FLUSHALL", "CLIENT KILL TYPE pubsub", "CLIENT KILL TYPE normal"]
)
async def test_connections_receive_again_after_a_redis_fault(cast: Cast, fault):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_bia = await cast.join(bia, room)

    await asyncio.to_thread(lambda: redis.client().execute_command(*fault.split()))
    for number in range(1, 4):
        await cast.publish(room, ana.id, f"{number}")
        heard = await at_bia.next("chat_message")
        assert heard["message"]["content"] == f"{number}"

    assert at_bia.seqs(room.id) == [1, 2, 3]


async def test_messages_are_published_while_redis_is_paused(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)

    await asyncio.to_thread(lambda: redis.client().execute_command("CLIENT", "PAUSE", 4_000))
    await at_ana.send("chat_message", message="bom dia", client_id="1")
    await at_ana.next("message_queued")
    await screen()

    assert (await at_bia.next("chat_message"))["seq"] == 1
    assert (await at_ana.next("chat_message"))["seq"] == 1
    late = await cast.join(bia, room)
    await late.up_to_date()
    await asyncio.to_thread(_until_redis_answers)


def _until_redis_answers() -> None:
    while True:
        try:
            redis.client().ping()
        except redis.RedisError:
            continue
        return


@pytest.mark.parametrize("timing", [timing_with(silence_limit=2.0)])
async def test_silent_layer_is_reconnected(cast: Cast, monkeypatch):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_bia = await cast.join(bia, room)
    subscriptions = node.current().subscriptions
    old_channel = subscriptions.channel

    for shard in get_channel_layer()._shards:  # as a bug or a timeout in the layer would
        shard._receive_task.cancel()
    async with asyncio.timeout(60):
        while subscriptions.channel in (old_channel, None):
            await asyncio.sleep(0.05)
    monkeypatch.setattr(feed, "heads", lambda _room_ids: {})  # received, not recovered
    await cast.publish(room, ana.id, "de novo")

    assert await at_bia.next("chat_message")


@pytest.mark.proves("S36")
async def test_forged_hint_is_dropped(cast: Cast):
    room = await cast.room()
    bia = await cast.member(room)
    at_bia = await cast.join(bia, room)

    layer = get_channel_layer()
    forged = envelope.pack(
        [
            envelope.EphemeralLines(
                room_id=room.id, lines=(fanout.line_of(fanout.protocol.Pong(n=666)),)
            )
        ]
    )
    for message in (
        {**forged, "mac": b"\0" * 16},
        {**forged, "body": bytes(forged["body"]) + b"\0"},
        {"type": "hint"},
        {"type": "nonsense", "body": "text", "mac": 7},
    ):
        await layer.group_send(fanout.shard_of(room.id), message)
    await cast.publish(room, bia.id, "depois")
    await at_bia.next("chat_message")  # by the same group, so after the forged ones

    assert 666 not in [frame.get("n") for frame in at_bia.heard]
