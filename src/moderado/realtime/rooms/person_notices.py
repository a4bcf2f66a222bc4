"""Notices of enforcement to one person, who is hidden from whom, and who may not write.

Hints carry them, at most once. What concerns sanctions is read again by the periodic check, so that
it reaches every connection also while hints are lost; so are the blocks and silences of all users,
which also makes up for reads that failed. REST shows the rest.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from math import inf
from typing import Protocol
from uuid import UUID

import structlog

from moderado.core.errors import Unavailable
from moderado.enforcement.events import PersonNotified
from moderado.enforcement.selectors.restrictions import Silences
from moderado.enforcement.types import Restriction
from moderado.realtime.infra.background import Start
from moderado.realtime.pubsub.envelope import BlocksHint, PersonLine
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.subscription import Subscription
from moderado.realtime.wire import encode
from moderado.realtime.wire.encode import Line

log = structlog.get_logger(__name__)

NOTHING_HIDDEN: frozenset[UUID] = frozenset()
OVERLAP = timedelta(seconds=60)  # commits may become visible so late after their time stamps
MAX_REMEMBERED = 10_000  # delivered news

FindSubscription = Callable[[Connection, UUID], Subscription | None]


class Records(Protocol):
    """What is read from PostgreSQL."""

    def hidden(
        self, user_ids: Collection[UUID], /
    ) -> Awaitable[Mapping[UUID, frozenset[UUID]]]: ...

    def silences(self, user_ids: Collection[UUID], /) -> Awaitable[Mapping[UUID, Silences]]: ...

    def sanction_news(
        self, *, user_ids: Collection[UUID], since: datetime | None, overlap: timedelta
    ) -> Awaitable[tuple[datetime, Iterable[PersonNotified]]]: ...


class PersonAccess:
    """The access of a person to notices about themselves."""

    def admits(self, line: Line, /) -> bool:
        return line.frame_type in encode.PERSON_FRAME_TYPES


PERSONAL = PersonAccess()


class PersonNotices:
    """The notices, blocks and silences of the users of one event loop.

    Args:
        users: The connections of this event loop, by their user.
        subscription: Finds the subscription of a connection to a room.
        records: What is read from PostgreSQL.
        start: Starts a background task.
    """

    def __init__(
        self,
        *,
        users: Mapping[UUID, Collection[Connection]],
        subscription: FindSubscription,
        records: Records,
        start: Start,
    ) -> None:
        self._users = users
        self._subscription = subscription
        self._records = records
        self._start = start
        self._waiting: deque[BlocksHint | PersonLine] = deque()
        self._is_working = False
        self._reading = asyncio.Lock()  # else an older answer could follow a newer one
        self._delivered: dict[tuple[UUID, str, UUID], None] = {}
        self._read_until: datetime | None = None

    def receive(self, hint: PersonLine | BlocksHint) -> None:
        """Write a notice, or read the blocks of a user again, after what was received before.

        A notice of a sanction is written at once: the next hint may close the connection.
        """
        if isinstance(hint, PersonLine) and _is_of_sanction(hint.line):
            self._deliver(hint.user_id, hint.line)
        self._waiting.append(hint)
        if not self._is_working:
            self._is_working = True
            self._start(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                hint = self._waiting.popleft()
                if isinstance(hint, BlocksHint):
                    await self.refresh_hidden([hint.user_id])
                elif _is_of_sanction(hint.line):
                    await self.refresh_silences([hint.user_id])
                else:
                    self._deliver(hint.user_id, hint.line)
        finally:
            self._is_working = False

    async def refresh_hidden(self, user_ids: Collection[UUID]) -> None:
        """Read who is hidden from these users now. An outage leaves it as it was."""
        if not user_ids:
            return
        async with self._reading:
            try:
                hidden = await self._records.hidden(user_ids)
            except Unavailable:
                log.warning("blocks_not_read", users=len(user_ids))
                return
            for user_id in user_ids:
                for connection in self._users.get(user_id, ()):
                    connection.hidden = hidden.get(user_id, NOTHING_HIDDEN)

    async def refresh_silences(self, user_ids: Collection[UUID]) -> None:
        """Read what keeps these users from writing. An outage leaves it as it was."""
        if not user_ids:
            return
        async with self._reading:
            try:
                found = await self._records.silences(user_ids)
            except Unavailable:
                log.warning("silences_not_read", users=len(user_ids))
                return
            for user_id in user_ids:
                self._silence(user_id, found.get(user_id, {}))

    async def refresh_sanctions(self) -> None:
        """Tell the users of this event loop what no hint told them of their sanctions.

        A connection that is new may get a repeat: a client recognizes the sanction by its id.

        Raises:
            Unavailable: PostgreSQL cannot be asked. The next call reads what this one missed.
        """
        user_ids = list(self._users)
        if not user_ids:
            self._read_until = None
            return
        self._read_until, news = await self._records.sanction_news(
            user_ids=user_ids, since=self._read_until, overlap=OVERLAP
        )
        concerned = []
        for each in news:
            line = encode.line_of_person_notice(each.notice, each.body)
            if self._deliver(each.user_id, line):
                concerned.append(each.user_id)
        await self.refresh_silences(concerned)

    def _deliver(self, user_id: UUID, line: Line) -> bool:
        """Write a notice to all connections of a person, unless it repeats one."""
        if line.message_id is not None:
            key = (user_id, line.frame_type, line.message_id)
            if key in self._delivered:
                return False
            self._delivered[key] = None
            if len(self._delivered) > MAX_REMEMBERED:
                del self._delivered[next(iter(self._delivered))]
        for connection in list(self._users.get(user_id, ())):
            connection.push(line, PERSONAL)
        return True

    def _silence(self, user_id: UUID, silences: Silences) -> None:
        for connection in self._users.get(user_id, ()):
            for room_id in connection.rooms:
                subscription = self._subscription(connection, room_id)
                if subscription is not None:
                    subscription.silence = _severest(silences, room_id)


def _is_of_sanction(line: Line) -> bool:
    return line.message_id is not None


def _severest(silences: Silences, room_id: UUID) -> Restriction | None:
    """Return the restriction that holds in a room: a ban before a mute, then the longest."""
    covering = [silences[scope] for scope in (None, room_id) if scope in silences]
    return min(covering, key=_severity, default=None)


def _severity(restriction: Restriction) -> tuple[str, float]:
    until = restriction.until
    return restriction.kind, -inf if until is None else -until.timestamp()
