"""Ends the claims of moderators who have left: their last connection has closed.

A short time passes first, in which a client reconnects. Where Redis cannot tell whether the
moderator has connections to other processes, or this process ends, the lease of the claim ends it.

Redis may have forgotten everything at any moment, and then it knows of no connection until all
processes have renewed theirs. So the absence counts only if it is found twice, with the time of
`REBUILD_ROUNDS` renewals between.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog

from moderado.core.errors import Unavailable
from moderado.realtime.infra.background import Start

log = structlog.get_logger(__name__)

CLAIM_GRACE = 30.0  # seconds

IsElsewhere = Callable[[UUID], Awaitable[bool | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A user whose last connection here has closed; times of the event loop's clock, in seconds."""

    since: float
    check_at: float
    was_absent: bool = False  # at the first check


class ClaimRelease:
    """The departures of one event loop, checked together: one statement, however many.

    Args:
        users: The connections of this event loop, by their user.
        holders: Returns those of the users who hold claims.
        is_elsewhere: Tells whether a user has connections anywhere; None: unknown.
        release: Ends the claims that were not used for so many seconds.
        start: Starts a background task.
        grace: Seconds in which a client may reconnect.
        rebuild: Seconds in which all processes tell Redis again what it has forgotten.
    """

    def __init__(  # noqa: PLR0913  (what is asked, and by what)
        self,
        *,
        users: Mapping[UUID, Collection[Any]],
        holders: Callable[..., Awaitable[Collection[UUID]]],
        is_elsewhere: IsElsewhere,
        release: Callable[..., Awaitable[int]],
        start: Start,
        grace: float,
        rebuild: float,
    ) -> None:
        self._users = users
        self._holders = holders
        self._is_elsewhere = is_elsewhere
        self._release = release
        self._start = start
        self._grace = grace
        self._rebuild = rebuild
        self._left: dict[UUID, Departure] = {}
        self._is_running = False

    def left(self, user_id: UUID) -> None:
        """Look at the claims of a user in a while: their last connection here has closed."""
        now = asyncio.get_running_loop().time()
        self._left[user_id] = Departure(since=now, check_at=now + self._grace)
        if not self._is_running:
            self._is_running = True
            self._start(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._left:
                first = min(departure.check_at for departure in self._left.values())
                await asyncio.sleep(max(0.0, first - loop.time()))
                due = [user for user, one in self._left.items() if one.check_at <= loop.time()]
                await self._check({user_id: self._left.pop(user_id) for user_id in due})
        finally:
            self._is_running = False

    async def _check(self, left: Mapping[UUID, Departure]) -> None:
        gone = [user_id for user_id in left if user_id not in self._users]
        if not gone:
            return
        try:
            for user_id in await self._holders(user_ids=gone):
                if await self._is_elsewhere(user_id) is False:
                    await self._note_absence(user_id, left[user_id])
        except Unavailable:
            log.warning("claims_not_released", users=len(gone))

    async def _note_absence(self, user_id: UUID, departure: Departure) -> None:
        now = asyncio.get_running_loop().time()
        if departure.was_absent:
            await self._release(user_id=user_id, idle_seconds=now - departure.since)
        elif user_id not in self._left:  # else they came back meanwhile and left again
            again = replace(departure, check_at=now + self._rebuild, was_absent=True)
            self._left[user_id] = again
