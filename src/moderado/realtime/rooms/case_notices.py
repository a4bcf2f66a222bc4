"""Tells moderators on this event loop that cases have changed.

The hint names rooms and cases, never a text. Who may know is read from PostgreSQL when the frames
are written, so a moderator who was removed learns nothing, nor does a session of staff that has not
proved the second factor that the server demands. A lost hint is not repeated: clients
load the queue when they connect.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Collection, Iterator, Mapping
from typing import Protocol
from uuid import UUID

import structlog

from moderado.accounts.types import Principal
from moderado.chat.selectors.case_audience import CaseReader
from moderado.core.errors import Unavailable
from moderado.moderation.events import CaseChange, CaseStep
from moderado.realtime.infra.background import Start
from moderado.realtime.pubsub.envelope import CasesHint
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.wire import case_frames
from moderado.realtime.wire.encode import Line, line_of
from moderado.realtime.wire.server_frame import ServerFrame

log = structlog.get_logger(__name__)

CASE_DELAY = 0.5  # seconds in which changes are collected: one look at PostgreSQL for all
SHARE = 0.2  # of the time for looks: on a busy machine they leave processors to messages
MAX_PAUSE = 5.0  # seconds between two looks, however long they take
MAX_FRAMES = 100  # changes of one look; `open_count` is right in any case

_FRAMES: dict[CaseStep, type[case_frames.CaseFrame]] = {
    CaseStep.OPENED: case_frames.CaseOpened,
    CaseStep.RETURNED: case_frames.CaseOpened,
    CaseStep.CLAIMED: case_frames.CaseClaimed,
    CaseStep.DECIDED: case_frames.CaseDecided,
    CaseStep.CLOSED: case_frames.CaseClosed,
    CaseStep.RELEASED: case_frames.CaseChanged,
    CaseStep.SNOOZED: case_frames.CaseChanged,
    CaseStep.ESCALATED: case_frames.CaseChanged,
}

_CASE_FRAMES: tuple[type[ServerFrame], ...] = (*_FRAMES.values(), case_frames.CaseAccessChanged)
_CASE_TYPES = {str(frame.__struct_config__.tag) for frame in _CASE_FRAMES}


class CaseAccess:
    """The access of a moderator to frames about cases, which `case_readers` has checked."""

    def admits(self, line: Line, /) -> bool:
        return line.frame_type in _CASE_TYPES


CASES = CaseAccess()


class Readers(Protocol):
    """Reads from PostgreSQL who may know of cases."""

    def __call__(
        self,
        *,
        user_ids: Collection[UUID],
        changes: Collection[CaseChange],
        session_ids: Collection[UUID],
    ) -> Awaitable[Mapping[UUID, CaseReader]]: ...


class CaseNotices:
    """The notices of cases of one event loop.

    Args:
        users: The connections of this event loop, by their user.
        readers: Returns the users who may see cases of some rooms.
        start: Starts a background task.
        delay: Seconds in which changes are collected.
    """

    def __init__(
        self,
        *,
        users: Mapping[UUID, Collection[Connection]],
        readers: Readers,
        start: Start,
        delay: float = CASE_DELAY,
    ) -> None:
        self._users = users
        self._readers = readers
        self._start = start
        self._delay = delay
        self._waiting: deque[CaseChange] = deque(maxlen=MAX_FRAMES)
        self._is_running = False
        self._not_before = 0.0  # the next look, by the clock of the event loop

    def receive(self, hint: CasesHint) -> None:
        """Tell moderators here of these changes, soon."""
        self._waiting.extend(hint.changes)
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

    async def _notify(self, changes: list[CaseChange]) -> None:
        try:
            readers = await self._readers(
                user_ids=list(self._users),
                changes=changes,
                session_ids=[each.session_id for each in self._principals()],
            )
        except Unavailable:
            log.warning("case_notices_dropped", cases=len(changes))
            return
        for user_id, reader in readers.items():
            self._notify_moderator(user_id, reader, changes)

    def _notify_moderator(
        self, user_id: UUID, reader: CaseReader, changes: list[CaseChange]
    ) -> None:
        lines: dict[int, list[Line]] = {}  # by what a session may know
        for connection in list(self._users.get(user_id, ())):
            principal = connection.principal
            seen = None if principal is None else reader.in_session(principal.session_id)
            if seen is None:
                continue
            if id(seen) not in lines:
                lines[id(seen)] = list(_lines(changes, seen))
            for line in lines[id(seen)]:
                connection.push(line, CASES)

    def _principals(self) -> Iterator[Principal]:
        for connections in self._users.values():
            yield from (each.principal for each in connections if each.principal is not None)


def _lines(changes: list[CaseChange], reader: CaseReader) -> Iterator[Line]:
    closed: set[UUID] = set()  # one frame, however many changes took the case out of the view
    for change in changes:
        if change.case_id in reader.queues:
            if change.party_id is None:
                queue = reader.queues[change.case_id]
                yield _line(_FRAMES[change.step], change, queue, reader)
        elif change.case_id in reader.left and change.case_id not in closed:
            closed.add(change.case_id)
            yield _line(case_frames.CaseClosed, change, reader.left[change.case_id], reader)


def _line(
    frame: type[case_frames.CaseFrame],
    change: CaseChange,
    queue: UUID | None,
    reader: CaseReader,
) -> Line:
    counts = reader.counts_of(queue)
    return line_of(
        frame(
            case=change.case_id,
            queue=queue,
            room=change.scope_id,
            origin=change.origin,
            open_count=reader.open_count,
            queue_open_count=counts.open_count,
            queue_oldest_seconds=counts.oldest_seconds,
        )
    )
