"""The one check that every line passes before it is written to a connection.

`Connection.push` and `push_block` take the access by which a line reaches the client, and drop what
it does not admit. A line with a `seq` is a change of its room: it is for those who may read the
room after the change was committed. A line about an own message that was never public has no `seq`,
and is for its author alone (ADR 0041).
"""

from collections import defaultdict, deque
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from moderado.core.errors import Unavailable
from moderado.realtime.infra.background import Start
from moderado.realtime.infra.queries import Audience
from moderado.realtime.pubsub.envelope import AuthorNotice
from moderado.realtime.wire.encode import Line

log = structlog.get_logger(__name__)

MAX_WAITING = 1_000  # notices that wait for the check; those dropped are found by the reconciler


class Access(Protocol):
    """What a client may receive. A subscription is the access to the lines of its room."""

    def admits(self, line: Line, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class AuthorAccess:
    """The access of an author without a subscription to the room.

    `reads_room`: whether the author could read the room after the line was committed.
    """

    reads_room: bool

    def admits(self, line: Line) -> bool:
        return self.reads_room or not line.seq


OWN_MESSAGES = AuthorAccess(reads_room=False)
OWN_ROOMS = AuthorAccess(reads_room=True)


class Recipient(Protocol):
    """A connection, as far as this module needs to know it."""

    rooms: set[UUID]

    def push(self, line: Line, access: Access) -> None: ...


class Records(Protocol):
    """What the check reads from PostgreSQL."""

    def audience(self, *, room_id: UUID, user_ids: set[UUID]) -> Awaitable[Audience]: ...


Notified = tuple[Recipient, AuthorNotice]


class AuthorNotices:
    """Writes notices to authors, in order, after their access was checked.

    Args:
        records: What is read from PostgreSQL.
        start: Starts a background task.
    """

    def __init__(self, *, records: Records, start: Start) -> None:
        self._records = records
        self._start = start
        self._waiting: deque[Notified] = deque()
        self._is_working = False

    def deliver(self, connection: Recipient, notice: AuthorNotice) -> None:
        """Write a notice, unless the connection's subscription delivers the same change."""
        if notice.line.seq and notice.room_id in connection.rooms:
            return
        if not notice.line.seq and not self._is_working:
            connection.push(notice.line, OWN_MESSAGES)
        elif len(self._waiting) < MAX_WAITING:
            self._waiting.append((connection, notice))
            if not self._is_working:
                self._is_working = True
                self._start(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = list(self._waiting)
                readers = await self._readers(batch)
                for connection, notice in batch:
                    self._waiting.popleft()
                    self._push(connection, notice, readers)
        finally:
            self._is_working = False

    def _push(
        self, connection: Recipient, notice: AuthorNotice, readers: Mapping[UUID, frozenset[UUID]]
    ) -> None:
        if notice.line.seq and notice.room_id in connection.rooms:
            return  # subscribed in the meantime, from a later head on
        reads = notice.user_id in readers.get(notice.room_id, ())
        connection.push(notice.line, OWN_ROOMS if reads else OWN_MESSAGES)

    async def _readers(self, batch: list[Notified]) -> Mapping[UUID, frozenset[UUID]]:
        """Return who may read each room now: later than each line was committed."""
        asked: dict[UUID, set[UUID]] = defaultdict(set)
        for _, notice in batch:
            if notice.line.seq:
                asked[notice.room_id].add(notice.user_id)
        found = {}
        for room_id, user_ids in asked.items():
            try:
                audience = await self._records.audience(room_id=room_id, user_ids=user_ids)
            except Unavailable:
                log.warning("notices_not_checked", room_id=str(room_id))  # the reconciler repeats
            else:
                found[room_id] = audience.readers
        return found
