"""Ends the claims of moderators who have left: their last connection has closed.

A short time passes first, in which a client reconnects. Where Redis cannot tell whether the
moderator has connections to other processes, or this process ends, the lease of the claim ends it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any
from uuid import UUID

import structlog

from moderado.core.errors import Unavailable
from moderado.realtime.infra.background import Start

log = structlog.get_logger(__name__)

CLAIM_GRACE = 30.0  # seconds

IsElsewhere = Callable[[UUID], Awaitable[bool | None]]


class ClaimRelease:
    """The departures of one event loop, looked at together: one statement, however many.

    Args:
        users: The connections of this event loop, by their user.
        holders: Returns those of the users who hold claims.
        is_elsewhere: Tells whether a user has connections anywhere; None: unknown.
        release: Ends the claims that were not used for so many seconds.
        start: Starts a background task.
        grace: Seconds in which a client may reconnect.
    """

    def __init__(
        self,
        *,
        users: Mapping[UUID, Collection[Any]],
        holders: Callable[..., Awaitable[Collection[UUID]]],
        is_elsewhere: IsElsewhere,
        release: Callable[..., Awaitable[int]],
        start: Start,
        grace: float = CLAIM_GRACE,
    ) -> None:
        self._users = users
        self._holders = holders
        self._is_elsewhere = is_elsewhere
        self._release = release
        self._start = start
        self._grace = grace
        self._left: dict[UUID, float] = {}  # when the last connection closed
        self._is_running = False

    def left(self, user_id: UUID) -> None:
        """Look at the claims of a user in a while: their last connection here has closed."""
        self._left.pop(user_id, None)
        self._left[user_id] = asyncio.get_running_loop().time()  # at the end: in order of time
        if not self._is_running:
            self._is_running = True
            self._start(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._left:
                oldest = next(iter(self._left.values()))
                await asyncio.sleep(max(0.0, oldest + self._grace - loop.time()))
                due = [
                    user_id
                    for user_id, since in self._left.items()
                    if since + self._grace <= loop.time()
                ]
                await self._look({user_id: self._left.pop(user_id) for user_id in due})
        finally:
            self._is_running = False

    async def _look(self, left: Mapping[UUID, float]) -> None:
        gone = [user_id for user_id in left if user_id not in self._users]
        if not gone:
            return
        try:
            for user_id in await self._holders(user_ids=gone):
                if await self._is_elsewhere(user_id) is False:
                    idle = asyncio.get_running_loop().time() - left[user_id]
                    await self._release(user_id=user_id, idle_seconds=idle)
        except Unavailable:
            log.warning("claims_not_released", users=len(gone))
