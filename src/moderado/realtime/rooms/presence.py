"""Who is listening to which room, in any process: best effort, and right again within 45 s."""

import asyncio
import os
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from moderado.realtime.infra.leases import Leases
from moderado.realtime.pubsub import fanout

if TYPE_CHECKING:
    from moderado.realtime.rooms.hub import Hub
    from moderado.realtime.rooms.room import LiveRoom

# Beyond this many nobody reads a list of who is there, and telling all of all costs the square.
CROWD = 200
EVERY = 0.25  # seconds between two tellings of one room: who comes and goes meanwhile waits


class Presence:
    """The listeners of this process, as leases that others can see."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._process = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._news: dict[UUID, dict[UUID, bool]] = {}  # of rooms that were told a moment ago

    async def enter(self, room: "LiveRoom", user_id: UUID) -> tuple[UUID, ...]:
        """Note that the user listens, tell the others if that is new, and answer who is there."""
        found = await self._leases.enter(_key(room.id), self._member(user_id), limit=CROWD)
        before = self._tell_gone(room.id, found)
        if before is None:
            return ()
        if user_id not in before:
            self._tell(room.id, user_id, present=True)
        return tuple(sorted(before | {user_id}))

    async def leave(self, room: "LiveRoom", user_id: UUID) -> None:
        """Note that one of the user's sockets has left; tell the others if it was the last."""
        if any(sub.user_id == user_id for sub in room.subscriptions.values()):
            return
        # Whoever was refused the room has never been there: nobody hears of the attempt.
        if await self._leases.release(_key(room.id), self._member(user_id)):
            await self._sweep(room.id, left=user_id)

    async def renew(self, hub: "Hub") -> None:
        """Keep this process's leases, and tell of those that ended because a process died."""
        for room_id, room in list(hub.rooms.items()):
            users = {sub.user_id for sub in room.subscriptions.values()}
            if users and len(users) <= CROWD:
                members = [self._member(user_id) for user_id in users]
                await self._leases.hold(_key(room_id), members)
                await self._sweep(room_id)

    async def _sweep(self, room_id: UUID, *, left: UUID | None = None) -> set[UUID] | None:
        """Who is there, once the others were told of those who no longer are; None: a crowd, or
        nobody knows."""
        return self._tell_gone(
            room_id, await self._leases.sweep(_key(room_id), limit=CROWD), left=left
        )

    def _tell_gone(
        self,
        room_id: UUID,
        swept: tuple[list[str], list[str]] | None,
        *,
        left: UUID | None = None,
    ) -> set[UUID] | None:
        if swept is None or len(swept[1]) >= CROWD:
            return None
        present = _users(swept[1])
        gone = _users(swept[0]) | ({left} if left else set())
        for user_id in gone - present:
            self._tell(room_id, user_id, present=False)
        return present

    def _tell(self, room_id: UUID, user_id: UUID, *, present: bool) -> None:
        """At once, or together with all that happens until the room may be told again."""
        if room_id in self._news:
            self._news[room_id][user_id] = present
        else:
            self._tell_all(room_id, {user_id: present})

    def _tell_all(self, room_id: UUID, news: dict[UUID, bool]) -> None:
        fanout.tell_presence(room_id, news)
        self._news[room_id] = {}
        asyncio.get_running_loop().call_later(EVERY, self._tell_waiting, room_id)

    def _tell_waiting(self, room_id: UUID) -> None:
        if news := self._news.pop(room_id):
            self._tell_all(room_id, news)

    def _member(self, user_id: UUID) -> str:
        return f"{user_id}/{self._process}"


def _key(room_id: UUID) -> str:
    return f"moderado:presence:{room_id}"


def _users(members: list[str]) -> set[UUID]:
    """What is no member of ours, written there by somebody else, keeps nobody out of the room."""
    return {user for member in members if (user := _user(member)) is not None}


@lru_cache(maxsize=10_000)  # of those who are there, everybody who comes reads all
def _user(member: str) -> UUID | None:
    try:
        return UUID(member.partition("/")[0])
    except ValueError:
        return None
