"""Tells moderators on this event loop of changes that only some of them may know.

The hint names rooms and records, never a text. Who may know is read from PostgreSQL when the frames
are written, so a moderator who was removed learns nothing, nor does a session of staff that has not
proved the second factor that the server demands. A lost hint is not repeated: clients
load the list when they connect.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog

from moderado.accounts.types import Principal
from moderado.chat.selectors.staff_audience import SessionReader
from moderado.core.errors import Unavailable
from moderado.realtime.infra.background import Start
from moderado.realtime.rooms.audience import Access
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.wire.encode import Line

log = structlog.get_logger(__name__)

NOTICE_DELAY = 0.5  # seconds in which changes are collected for one query
SHARE = 0.2  # of the time for queries: on a busy machine they leave processors to messages
MAX_PAUSE = 5.0  # seconds between two queries, however long they take
MAX_FRAMES = 100  # changes of one query; the counts are right in any case

Change = TypeVar("Change")
Reader = TypeVar("Reader", bound=SessionReader)
C_contra = TypeVar("C_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Readers(Protocol[C_contra, R_co]):
    """Reads from PostgreSQL who may know of changes."""

    def __call__(
        self,
        *,
        user_ids: Collection[UUID],
        changes: Collection[C_contra],
        session_ids: Collection[UUID],
    ) -> Awaitable[Mapping[UUID, R_co]]: ...


class StaffNotices(ABC, Generic[Change, Reader]):
    """The notices to moderators of one event loop, about one kind of record.

    Args:
        users: The connections of this event loop, by their user.
        readers: Returns the users who may know of changes.
        start: Starts a background task.
        delay: Seconds in which changes are collected.
    """

    access: Access  # to the frames, which `readers` has checked

    def __init__(
        self,
        *,
        users: Mapping[UUID, Collection[Connection]],
        readers: Readers[Change, Reader],
        start: Start,
        delay: float = NOTICE_DELAY,
    ) -> None:
        self._users = users
        self._readers = readers
        self._start = start
        self._delay = delay
        self._waiting: deque[Change] = deque(maxlen=MAX_FRAMES)
        self._is_running = False
        self._not_before = 0.0  # the next query, by the clock of the event loop

    @abstractmethod
    def lines(self, changes: Collection[Change], reader: Reader) -> Iterator[Line]:
        """Encode what a moderator may know of changes."""

    def collect(self, changes: Iterable[Change]) -> None:
        """Tell moderators here of these changes, soon."""
        self._waiting.extend(changes)
        if not self._is_running:
            self._is_running = True
            self._start(self._run())

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while self._waiting:
                await asyncio.sleep(max(self._delay, self._not_before - clock()))
                changes = list(self._waiting)
                self._waiting.clear()
                began = clock()
                await self._notify(changes)
                ended = clock()
                self._not_before = ended + min((ended - began) / SHARE, MAX_PAUSE)
        finally:
            self._is_running = False

    async def _notify(self, changes: list[Change]) -> None:
        try:
            readers = await self._readers(
                user_ids=list(self._users),
                changes=changes,
                session_ids=[each.session_id for each in self._principals()],
            )
        except Unavailable:
            log.warning("staff_notices_dropped", kind=type(self).__name__, changes=len(changes))
            return
        except Exception:  # a fault with some changes must not keep later ones waiting
            log.exception("staff_notices_failed", kind=type(self).__name__, changes=len(changes))
            return
        for user_id, reader in readers.items():
            self._notify_moderator(user_id, reader, changes)

    def _notify_moderator(self, user_id: UUID, reader: Reader, changes: list[Change]) -> None:
        lines: dict[int, list[Line]] = {}  # by what a session may know
        for connection in list(self._users.get(user_id, ())):
            principal = connection.principal
            seen = None if principal is None else reader.in_session(principal.session_id)
            if seen is None:
                continue
            if id(seen) not in lines:
                lines[id(seen)] = list(self.lines(changes, seen))
            for line in lines[id(seen)]:
                connection.push(line, self.access)

    def _principals(self) -> Iterator[Principal]:
        for connections in self._users.values():
            yield from (each.principal for each in connections if each.principal is not None)
