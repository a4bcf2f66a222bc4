"""Notices of enforcement to one person, and who is hidden from whom.

Best effort: REST shows the same, and the periodic check reads the blocks of all users again.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from uuid import UUID

import structlog

from moderado.core.errors import Unavailable
from moderado.realtime.infra.background import Start
from moderado.realtime.pubsub.envelope import BlocksHint, PersonLine
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.wire import encode
from moderado.realtime.wire.encode import Line

log = structlog.get_logger(__name__)

NOTHING_HIDDEN: frozenset[UUID] = frozenset()

ReadHidden = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, frozenset[UUID]]]]


class PersonAccess:
    """The access of a person to notices about themselves."""

    def admits(self, line: Line, /) -> bool:
        return line.frame_type in encode.PERSON_FRAME_TYPES


PERSONAL = PersonAccess()


class PersonNotices:
    """The notices and the blocks of the users of one event loop.

    Args:
        users: The connections of this event loop, by their user.
        read_hidden: Reads from PostgreSQL who is hidden from these users.
        start: Starts a background task.
    """

    def __init__(
        self,
        *,
        users: Mapping[UUID, Collection[Connection]],
        read_hidden: ReadHidden,
        start: Start,
    ) -> None:
        self._users = users
        self._read_hidden = read_hidden
        self._start = start
        self._waiting: deque[PersonLine | BlocksHint] = deque()
        self._is_working = False

    def receive(self, hint: PersonLine | BlocksHint) -> None:
        """Write a notice, or read the blocks of a user again, after what was received before."""
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
                    continue
                for connection in list(self._users.get(hint.user_id, ())):
                    connection.push(hint.line, PERSONAL)
        finally:
            self._is_working = False

    async def refresh_hidden(self, user_ids: Collection[UUID]) -> None:
        """Read who is hidden from these users now. An outage leaves it as it was."""
        if not user_ids:
            return
        try:
            hidden = await self._read_hidden(user_ids)
        except Unavailable:
            log.warning("blocks_not_read", users=len(user_ids))
            return
        for user_id in user_ids:
            for connection in self._users.get(user_id, ()):
                connection.hidden = hidden.get(user_id, NOTHING_HIDDEN)
