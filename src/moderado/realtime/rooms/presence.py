"""Who subscribes to which room, over all processes. Best effort; correct again within 45 s.

Each process holds a lease for each of its users in a room: the leases of a process that died end
by themselves. What Redis forgets is rebuilt from what the processes know: each renews its leases,
announces its users again, and announces as gone those who were there and whom no process renewed.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID, uuid4

from moderado.realtime.infra.leases import Leases
from moderado.realtime.rooms.room import LiveRoom

MAX_LISTED = 200  # users; beyond, no list is sent, since announcements would cost its square
ANNOUNCE_INTERVAL = 0.25  # seconds between two announcements of one room
REBUILD_ROUNDS = 2  # renewals after which all processes have renewed what Redis forgot

Announce = Callable[[UUID, Mapping[UUID, bool]], None]


@dataclass(slots=True)
class _Forgotten:
    """Who was present before Redis forgot a room, and for how many renewals to wait."""

    before: set[UUID]
    rounds: int


class Presence:
    """Announces arrivals and departures, those of one interval together.

    Args:
        leases: Where other processes see this one's users.
        announce: Publishes to a room who has arrived (True) and who has left (False).
        interval: Seconds between two announcements of one room.
    """

    def __init__(
        self, leases: Leases, *, announce: Announce, interval: float = ANNOUNCE_INTERVAL
    ) -> None:
        self._leases = leases
        self._announce = announce
        self._interval = interval
        self._process = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._waiting: dict[UUID, dict[UUID, bool]] = {}  # of rooms announced an interval ago
        self._held: dict[UUID, set[UUID]] = {}  # users with a lease of this process, by room
        self._leaving: dict[UUID, set[UUID]] = {}  # users whose departure is not announced yet
        self._seen: dict[UUID, set[UUID]] = {}  # who was present at the last renewal
        self._forgotten: dict[UUID, _Forgotten] = {}  # rooms that Redis forgot

    async def enter(self, room: LiveRoom, user_id: UUID) -> tuple[UUID, ...]:
        """Add the user to the room, and announce an arrival.

        Returns:
            The users in the room, sorted. Empty for more than 200, or when Redis does not answer.
        """
        found = await self._leases.enter(_key(room.id), self._member(user_id), limit=MAX_LISTED)
        before = self._announce_departures(room.id, found)
        if before is None:
            return ()
        self._held.setdefault(room.id, set()).add(user_id)
        if user_id not in before:
            self._note(room.id, user_id, present=True)
        return tuple(sorted(before | {user_id}))

    async def leave(self, room: LiveRoom, user_id: UUID) -> None:
        """Remove the user, and announce it, unless another connection here stays subscribed."""
        if room.has_user(user_id):
            return
        was_held = user_id in self._held.get(room.id, ())
        if was_held:
            self._leaving.setdefault(room.id, set()).add(user_id)
            _discard(self._held, room.id, user_id)
        # A user who was refused has no lease: the attempt is not announced.
        if await self._leases.release(_key(room.id), self._member(user_id)) or was_held:
            await self._announce_leaving(room.id, {user_id})

    async def renew(self, rooms: Iterable[LiveRoom]) -> None:
        """Renew this process's leases; announce users whose process has died, or Redis forgot."""
        for room in list(rooms):
            users = room.user_ids()
            if users and len(users) <= MAX_LISTED:
                await self._renew_room(room.id, users)
        for room_id, users in list(self._leaving.items()):
            await self._announce_leaving(room_id, set(users))

    async def _renew_room(self, room_id: UUID, users: set[UUID]) -> None:
        members = {self._member(user_id): user_id for user_id in users}
        found = await self._leases.sweep(_key(room_id), limit=MAX_LISTED)
        present = self._announce_departures(room_id, found)
        await self._leases.hold(_key(room_id), list(members))
        if found is None or present is None:
            return
        held = self._held.get(room_id, set()) & users
        lost = {user_id for user_id in held if self._member(user_id) not in found[1]}
        if lost:
            before = self._seen.get(room_id, set()) | held
            self._forgotten[room_id] = _Forgotten(before, REBUILD_ROUNDS)
            for user_id in lost:  # for those who have read an incomplete list since
                self._note(room_id, user_id, present=True)
        elif room_id in self._forgotten:
            self._end_rebuild(room_id, present | users)
        self._held[room_id] = set(users)
        if room_id not in self._forgotten:
            self._seen[room_id] = present | users

    def _end_rebuild(self, room_id: UUID, present: set[UUID]) -> None:
        """Announce as gone who was present before Redis forgot, and was not renewed since."""
        forgotten = self._forgotten[room_id]
        forgotten.rounds -= 1
        if forgotten.rounds <= 0:
            del self._forgotten[room_id]
            for user_id in forgotten.before - present:
                self._note(room_id, user_id, present=False)

    async def _announce_leaving(self, room_id: UUID, users: set[UUID]) -> None:
        """Announce departures; again at the next renewal if Redis does not answer now."""
        if await self._sweep(room_id, left=users):
            for user_id in users:
                _discard(self._leaving, room_id, user_id)

    async def _sweep(self, room_id: UUID, *, left: set[UUID]) -> bool:
        """Announce departures. False if Redis does not answer."""
        swept = await self._leases.sweep(_key(room_id), limit=MAX_LISTED)
        self._announce_departures(room_id, swept, left=left)
        return swept is not None

    def _announce_departures(
        self,
        room_id: UUID,
        swept: tuple[list[str], list[str]] | None,
        *,
        left: Collection[UUID] = (),
    ) -> set[UUID] | None:
        """Return who is present; None when there are too many, or it is unknown."""
        if swept is None or len(swept[1]) >= MAX_LISTED:
            return None
        present = _users(swept[1])
        departed = _users(swept[0]) | set(left)
        for user_id in departed - present:
            self._note(room_id, user_id, present=False)
        return present

    def _note(self, room_id: UUID, user_id: UUID, *, present: bool) -> None:
        """Announce at once, or with the others at the end of the interval."""
        if room_id in self._waiting:
            self._waiting[room_id][user_id] = present
        else:
            self._announce_all(room_id, {user_id: present})

    def _announce_all(self, room_id: UUID, changes: dict[UUID, bool]) -> None:
        self._announce(room_id, changes)
        self._waiting[room_id] = {}
        asyncio.get_running_loop().call_later(self._interval, self._end_interval, room_id)

    def _end_interval(self, room_id: UUID) -> None:
        if changes := self._waiting.pop(room_id):
            self._announce_all(room_id, changes)

    def _member(self, user_id: UUID) -> str:
        return f"{user_id}/{self._process}"


def _key(room_id: UUID) -> str:
    return f"moderado:presence:{room_id}"


def _users(members: list[str]) -> set[UUID]:
    """The users of these leases. Members that others have written to Redis are ignored."""
    return {user for member in members if (user := _user(member)) is not None}


@lru_cache(maxsize=10_000)  # each arrival reads all members of its room
def _user(member: str) -> UUID | None:
    try:
        return UUID(member.partition("/")[0])
    except ValueError:
        return None


def _discard(users: dict[UUID, set[UUID]], room_id: UUID, user_id: UUID) -> None:
    """Remove a user of a room, and the room with its last user."""
    remaining = users.get(room_id, set())
    remaining.discard(user_id)
    if not remaining:
        users.pop(room_id, None)
