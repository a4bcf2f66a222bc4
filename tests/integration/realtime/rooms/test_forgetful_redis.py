"""What Redis forgets while sockets are open is rebuilt from what the processes know."""

import asyncio
from collections.abc import Callable

import pytest
from django.conf import settings

from moderado.core import redis
from moderado.realtime import node
from moderado.realtime.rooms.reconcile import Schedule
from tests.integration.realtime.conftest import Cast, make_token, timing_with

pytestmark = [
    pytest.mark.proves("R63"),
    pytest.mark.parametrize(
        "timing", [timing_with(reconciliation=Schedule(interval=0.2, leases_every=1))]
    ),
]


async def forget() -> None:
    """Empty Redis, as FLUSHALL does for the database of these tests."""
    await asyncio.to_thread(redis.client().flushdb)


async def keys(pattern: str) -> list[str]:
    return await asyncio.to_thread(lambda: sorted(redis.client().keys(pattern)))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(45):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.05)


async def test_member_who_leaves_afterwards_is_announced(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)
    await at_ana.next("presence", where=lambda frame: frame["present"])

    await forget()
    await at_bia.connection.close()
    gone = await at_ana.next("presence", where=lambda frame: not frame["present"], within=45)

    assert gone["user"]["id"] == str(bia.id)


async def test_newcomer_learns_who_was_there_before(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    await cast.join(ana, room)

    await forget()
    at_bia = await cast.join(bia)
    await at_bia.send("subscribe", room=str(room.id))
    listed = (await at_bia.next("subscribed"))["present"]
    if str(ana.id) not in listed:
        seen = await at_bia.next("presence", where=lambda frame: frame["present"], within=45)
        assert seen["user"]["id"] == str(ana.id)


async def test_leases_of_open_sockets_come_back(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    await cast.join(ana, room)
    patterns = "moderado:sockets:*", "moderado:presence:*"
    before = [await keys(pattern) for pattern in patterns]
    assert all(before)

    await forget()
    await until(lambda: all(redis.client().keys(pattern) for pattern in patterns))

    assert [await keys(pattern) for pattern in patterns] == before


async def test_limit_of_connections_counts_those_from_before(cast: Cast, configured):
    configured(limit_sockets_per_user=2)
    ana = await cast.member(await cast.room())
    for _ in range(2):
        await cast.join(ana)

    await forget()
    key = f"moderado:sockets:user:{ana.id}"
    await until(lambda: redis.client().zcard(key) == 2)
    assert len(node.current().hub.users[ana.id]) == settings.ENV.limit_sockets_per_user
    for each in node.current().connection_limits._held.values():
        each.clear()  # as another process, which knows its own connections only
    from_elsewhere = await cast.open(f"/ws/chat/?token={await make_token(ana)}")

    assert await from_elsewhere.closed() == 4009
