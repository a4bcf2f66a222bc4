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
from moderado.realtime.rooms.author_notices import Awaited
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


class Notices(Protocol):
    """What a connection was told about its user's messages, and which outcomes it awaits."""

    def is_still(self, message_id: UUID, awaited: Awaited, /) -> bool: ...

    def give_up(self, message_id: UUID, awaited: Awaited, /) -> None: ...


class Recipient(Protocol):
    """A connection, as far as this module needs to know it."""

    rooms: set[UUID]

    @property
    def notices(self) -> Notices: ...

    def push(self, line: Line, access: Access) -> None: ...


class Records(Protocol):
    """What the check reads from PostgreSQL."""

    def audience(self, *, room_id: UUID, user_ids: set[UUID]) -> Awaitable[Audience]: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice that is to be written to a connection.

    `awaited`: the wait that made it be read from PostgreSQL, if no hint brought it.
    """

    connection: Recipient
    notice: AuthorNotice
    awaited: Awaited | None

    @property
    def is_delivered_by_room(self) -> bool:
        return bool(self.notice.line.seq) and self.notice.room_id in self.connection.rooms

    @property
    def is_outdated(self) -> bool:
        """Whether something came about the message after what was read, or while it was."""
        message_id, awaited = self.notice.line.message_id, self.awaited
        if awaited is None or message_id is None:
            return False
        return not self.connection.notices.is_still(message_id, awaited)

    def give_up(self) -> None:
        """Await no longer what was awaited when the notice was read."""
        if self.awaited is not None and self.notice.line.message_id is not None:
            self.connection.notices.give_up(self.notice.line.message_id, self.awaited)


class AuthorNotices:
    """Writes notices to authors, in order, after their access was checked.

    Args:
        records: What is read from PostgreSQL.
        start: Starts a background task.
    """

    def __init__(self, *, records: Records, start: Start) -> None:
        self._records = records
        self._start = start
        self._waiting: deque[Delivery] = deque()
        self._is_working = False

    def deliver(
        self, connection: Recipient, notice: AuthorNotice, awaited: Awaited | None = None
    ) -> None:
        """Write a notice, unless the connection's subscription delivers the same change.

        Args:
            connection: Of the author.
            notice: The notice.
            awaited: The wait that made it be read from PostgreSQL. It ends when the notice is
                written, or is found not to be for the connection.
        """
        delivery = Delivery(connection, notice, awaited)
        if delivery.is_delivered_by_room:
            delivery.give_up()
        elif not notice.line.seq and not self._is_working:
            self._write(delivery, OWN_MESSAGES)
        elif len(self._waiting) < MAX_WAITING:
            self._waiting.append(delivery)
            if not self._is_working:
                self._is_working = True
                self._start(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = list(self._waiting)
                readers = await self._readers(batch)
                for delivery in batch:
                    self._waiting.popleft()
                    self._write_checked(delivery, readers)
        finally:
            self._is_working = False

    def _write_checked(self, delivery: Delivery, readers: Mapping[UUID, frozenset[UUID]]) -> None:
        notice = delivery.notice
        if delivery.is_delivered_by_room:
            delivery.give_up()  # subscribed in the meantime, from a later head on
        elif not notice.line.seq:
            self._write(delivery, OWN_MESSAGES)
        elif notice.user_id in readers.get(notice.room_id, ()):
            self._write(delivery, OWN_ROOMS)
        elif notice.room_id in readers:
            delivery.give_up()

    def _write(self, delivery: Delivery, access: AuthorAccess) -> None:
        if not delivery.is_outdated:
            delivery.connection.push(delivery.notice.line, access)
            delivery.give_up()  # a held message is awaited anew, until it is decided

    async def _readers(self, batch: list[Delivery]) -> Mapping[UUID, frozenset[UUID]]:
        """Return who may read each room now: later than each line was committed."""
        asked: dict[UUID, set[UUID]] = defaultdict(set)
        for notice in (delivery.notice for delivery in batch):
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
