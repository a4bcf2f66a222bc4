"""Who may not write stays silent on every open socket, whatever failed when it was read."""

import asyncio

import pytest

from moderado.core.errors import Unavailable
from moderado.realtime.infra import queries
from moderado.realtime.rooms.reconcile import Schedule
from tests.integration.realtime.conftest import Cast, timing_with
from tests.integration.realtime.session.test_sanctions import apply, lift, until_typing_is

pytestmark = [
    pytest.mark.proves("R324"),
    pytest.mark.parametrize(
        "timing",
        [timing_with(reconciliation=Schedule(interval=0.2, sanctions_every=1, leases_every=1))],
    ),
]
PATIENCE = 20.0  # seconds, of which a fraction is needed


async def test_outage_while_a_sanction_is_read_is_made_up_for(cast: Cast, monkeypatch):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    reads = asyncio.Event()

    async def fail(_user_ids: object) -> None:
        reads.set()
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr(queries, "silences", fail)
        mute = await apply(ana, "mute", room)
        await at_ana.next("sanction_applied")
        await asyncio.wait_for(reads.wait(), PATIENCE)
    async with asyncio.timeout(PATIENCE):
        await until_typing_is(at_ana, room, "muted")

    reads.clear()
    with monkeypatch.context() as broken:
        broken.setattr(queries, "silences", fail)
        await lift(mute)
        await at_ana.next("sanction_lifted")
        await asyncio.wait_for(reads.wait(), PATIENCE)
    async with asyncio.timeout(PATIENCE):
        await until_typing_is(at_ana, room, None)


async def test_mute_during_a_subscription_binds(cast: Cast, monkeypatch):
    """What the subscription has read is older than the mute, and arrives later."""
    room = await cast.room()
    ana = await cast.member(room)
    at_ana, other = await cast.join(ana, room), await cast.join(ana)
    open_room = queries.open_room

    async def open_late(**asked: object) -> queries.Opened:
        opened = await open_room(**asked)
        await apply(ana, "mute", room)
        async with asyncio.timeout(PATIENCE):
            await until_typing_is(at_ana, room, "muted")  # the mute was read for all subscriptions
        return opened

    with monkeypatch.context() as slow:
        slow.setattr(queries, "open_room", open_late)
        await other.send("subscribe", room=str(room.id))
        await other.next("subscribed", within=PATIENCE)
    async with asyncio.timeout(PATIENCE):
        await until_typing_is(other, room, "muted")
