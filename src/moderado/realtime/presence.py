"""Who is listening to which room, in any process: best effort, and right again within 45 s."""

import os
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from moderado.realtime import fanout
from moderado.realtime.leases import Leases

if TYPE_CHECKING:
    from moderado.realtime.hub import Hub
    from moderado.realtime.rooms import LiveRoom

# Beyond this many nobody reads a list of who is there, and telling all of all costs the square.
CROWD = 200


class Presence:
    """The listeners of this process, as leases that others can see."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._process = f"{os.getpid()}-{uuid4().hex[:8]}"

    async def enter(self, room: "LiveRoom", user_id: UUID) -> tuple[UUID, ...]:
        """Note that the user listens, tell the others if that is new, and answer who is there."""
        key = _key(room.id)
        before = await self._leases.sweep(key, limit=CROWD)
        if before is None or len(before[1]) >= CROWD:
            return ()
        await self._leases.hold(key, [self._member(user_id)])
        present = _users(before[1])
        if user_id not in present:
            fanout.tell_presence(user_id, room.id, present=True)
        return tuple(sorted(present | {user_id}))

    async def leave(self, room: "LiveRoom", user_id: UUID) -> None:
        """Note that one of the user's sockets has left; tell the others if it was the last."""
        if any(sub.user_id == user_id for sub in room.subscriptions.values()):
            return
        await self._leases.release(_key(room.id), self._member(user_id))
        await self._tell_gone(room.id, {user_id})

    async def renew(self, hub: "Hub") -> None:
        """Keep this process's leases, and tell of those that ended because a process died."""
        for room_id, room in list(hub.rooms.items()):
            users = {sub.user_id for sub in room.subscriptions.values()}
            if not users or len(users) > CROWD:
                continue
            await self._leases.hold(_key(room_id), [self._member(user_id) for user_id in users])
            await self._tell_gone(room_id, set())

    async def _tell_gone(self, room_id: UUID, left: set[UUID]) -> None:
        swept = await self._leases.sweep(_key(room_id), limit=CROWD)
        if swept is None or len(swept[1]) >= CROWD:
            return
        for user_id in (left | _users(swept[0])) - _users(swept[1]):
            fanout.tell_presence(user_id, room_id, present=False)

    def _member(self, user_id: UUID) -> str:
        return f"{user_id}/{self._process}"


def _key(room_id: UUID) -> str:
    return f"moderado:presence:{room_id}"


def _users(members: list[str]) -> set[UUID]:
    return {UUID(member.partition("/")[0]) for member in members}
