"""Finds out that the moderators of one event loop see other cases or appeals than before.

Their roles, permissions and the queues change in many places, and also without a service. So no
event is followed: each round of the reconciler reads what decides which cases they see.
"""

from collections.abc import Awaitable, Collection, Mapping
from typing import Protocol
from uuid import UUID

from moderado.chat.selectors.case_audience import CaseVisibility
from moderado.realtime.rooms.case_notices import CASES
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.wire import case_frames
from moderado.realtime.wire.encode import line_of


class ReadAccess(Protocol):
    """Reads from PostgreSQL what decides which cases users see; without those who see none."""

    def __call__(
        self, *, user_ids: Collection[UUID]
    ) -> Awaitable[Mapping[UUID, CaseVisibility]]: ...


class CaseAccessCheck:
    """The access of the moderators of one event loop at the last round.

    Args:
        users: The connections of this event loop, by their user.
        read: Reads the access of users.
    """

    def __init__(self, *, users: Mapping[UUID, Collection[Connection]], read: ReadAccess) -> None:
        self._users = users
        self._read = read
        self._known: dict[UUID, CaseVisibility | None] = {}

    async def check(self) -> None:
        """Tell those whose access has changed to load their cases again.

        Who connected since the last round loads them anyway.

        Raises:
            Unavailable: PostgreSQL cannot be asked. The next round finds what this one missed.
        """
        user_ids = list(self._users)
        found = await self._read(user_ids=user_ids) if user_ids else {}
        before, self._known = self._known, {each: found.get(each) for each in user_ids}
        line = line_of(case_frames.CaseAccessChanged())
        for user_id, access in self._known.items():
            if user_id in before and before[user_id] != access:
                for connection in list(self._users.get(user_id, ())):
                    connection.push(line, CASES)
