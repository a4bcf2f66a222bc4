"""Announcements of arrivals and departures, with leases kept by the test."""

import asyncio
from uuid import UUID, uuid4

import pytest

from moderado.realtime.rooms.presence import Presence


class FakeLeases:
    """The leases of one room. None: Redis does not answer."""

    def __init__(self) -> None:
        self.members: list[str] | None = []
        self.expired: list[str] = []

    async def enter(self, _key: str, member: str, *, limit: int):
        found = await self.sweep(_key, limit=limit)
        if self.members is not None:
            self.members.append(member)
        return found

    async def sweep(self, _key: str, *, limit: int):
        if self.members is None:
            return None
        expired, self.expired = self.expired, []
        return expired, self.members[:limit]

    async def release(self, _key: str, member: str) -> bool:
        if self.members is None or member not in self.members:
            return False
        self.members.remove(member)
        return True

    async def hold(self, _key: str, members: list[str]) -> bool:
        if self.members is not None:
            self.members += [member for member in members if member not in self.members]
        return True


class FakeRoom:
    def __init__(self) -> None:
        self.id = uuid4()
        self.users: list[UUID] = []

    def user_ids(self) -> set[UUID]:
        return set(self.users)

    def has_user(self, user_id: UUID) -> bool:
        return user_id in self.users


class Scene:
    def __init__(self) -> None:
        self.leases, self.room = FakeLeases(), FakeRoom()
        self.announced: list[dict[UUID, bool]] = []
        self.presence = self.with_interval(3_600)

    def with_interval(self, seconds: float) -> Presence:
        return Presence(
            self.leases,
            announce=lambda _room, changes: self.announced.append(dict(changes)),
            interval=seconds,
        )


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_arrival_is_announced_and_answered_with_who_is_present(scene: Scene):
    ana, bia = uuid4(), uuid4()

    assert await scene.presence.enter(scene.room, ana) == (ana,)
    assert await scene.presence.enter(scene.room, bia) == tuple(sorted((ana, bia)))
    assert scene.announced == [{ana: True}]


async def test_changes_within_an_interval_are_announced_together(scene: Scene):
    ana, bia, caio = uuid4(), uuid4(), uuid4()
    presence = scene.with_interval(0.01)

    for user_id in (ana, bia, caio):
        await presence.enter(scene.room, user_id)
    await presence.leave(scene.room, bia)
    assert scene.announced == [{ana: True}]
    async with asyncio.timeout(10):
        while len(scene.announced) < 2:
            await asyncio.sleep(0.001)

    assert scene.announced[1] == {bia: False, caio: True}


async def test_departure_is_announced_after_the_last_connection(scene: Scene):
    ana = uuid4()
    await scene.presence.enter(scene.room, ana)
    other = scene.with_interval(3_600)  # of another process

    scene.room.users = [ana]
    await scene.presence.leave(scene.room, ana)
    assert scene.leases.members
    scene.room.users = []
    await other.leave(scene.room, ana)
    assert scene.leases.members
    await scene.presence.leave(scene.room, ana)

    assert scene.leases.members == []


async def test_refused_user_is_not_announced(scene: Scene):
    await scene.presence.leave(scene.room, uuid4())

    assert scene.announced == []


async def test_users_of_a_dead_process_are_announced_at_the_next_renewal(scene: Scene):
    ana, bia = uuid4(), uuid4()
    scene.room.users = [ana]
    scene.leases.expired = [f"{bia}/dead-process", "not a member"]

    await scene.presence.renew([scene.room])

    assert scene.announced == [{bia: False}]


@pytest.mark.parametrize("members", [None, [f"{uuid4()}/1" for _ in range(200)]])
async def test_no_list_without_redis_or_with_too_many(scene: Scene, members):
    scene.leases.members = members

    assert await scene.presence.enter(scene.room, uuid4()) == ()
    assert scene.announced == []


def other_process(scene: Scene, user_id: UUID) -> str:
    """A lease that another process holds."""
    member = f"{user_id}/another"
    scene.leases.members.append(member)
    return member


@pytest.mark.proves("R63")
async def test_user_who_leaves_after_redis_forgot_is_announced(scene: Scene):
    ana = uuid4()
    await scene.presence.enter(scene.room, ana)
    scene.leases.members.clear()
    scene.announced.clear()
    scene.presence._waiting.clear()

    await scene.presence.leave(scene.room, ana)

    assert scene.announced == [{ana: False}]


@pytest.mark.proves("R63")
async def test_users_whom_redis_forgot_are_announced_again_or_as_gone(scene: Scene):
    ana, bia, gone = uuid4(), uuid4(), uuid4()
    scene.presence = scene.with_interval(0)
    scene.room.users = [ana]
    await scene.presence.enter(scene.room, ana)
    elsewhere = other_process(scene, bia)
    other_process(scene, gone)
    await scene.presence.renew([scene.room])

    scene.leases.members.clear()  # and the process of `gone` has died
    scene.announced.clear()
    await scene.presence.renew([scene.room])
    scene.leases.members.append(elsewhere)  # as its process does
    for _ in range(3):
        await scene.presence.renew([scene.room])
        await asyncio.sleep(0.01)
    announced = {user: is_here for each in scene.announced for user, is_here in each.items()}

    assert announced == {ana: True, gone: False}


@pytest.mark.proves("R63")
async def test_departure_that_redis_did_not_answer_is_announced_later(scene: Scene):
    ana = uuid4()
    await scene.presence.enter(scene.room, ana)
    members, scene.leases.members = scene.leases.members, None
    scene.announced.clear()
    scene.presence._waiting.clear()
    await scene.presence.leave(scene.room, ana)
    assert scene.announced == []

    scene.leases.members = []
    assert members
    await scene.presence.renew([])
    await scene.presence.renew([])

    assert scene.announced == [{ana: False}]
