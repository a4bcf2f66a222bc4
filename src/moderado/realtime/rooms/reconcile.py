"""Recovers lost events: compares the hub with PostgreSQL every few seconds.

The channel layer delivers at most once. What no hint announced is found here: changes of rooms,
lost rights, outcomes of messages, sanctions, ended sessions.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import structlog

from moderado.chat.events import AuthorNotified
from moderado.chat.types import Head
from moderado.core import failpoints
from moderado.core.errors import Unavailable
from moderado.realtime.infra.background import Start
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.author_notices import Awaited
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.hub import Hub
from moderado.realtime.wire.close_codes import CloseCode

Check = Callable[[], Awaitable[None]]
Waits = dict[UUID, list[tuple[Connection, Awaited]]]  # by message

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When what is checked."""

    interval: float = 2.5  # seconds between two rounds
    hint_delay: float = 0.3  # seconds that a hint may be on its way before it counts as lost
    outcome_after: float = 1.5  # seconds after which the outcome of a message is looked up
    sanctions_every: int = 4  # rounds; divides `sessions_every`: a ban's frame comes first
    sessions_every: int = 8  # rounds
    leases_every: int = 4  # rounds

    @property
    def renewal(self) -> float:
        """Return the seconds between two renewals of leases."""
        return self.interval * self.leases_every


class Records(Protocol):
    """What is read from PostgreSQL."""

    def heads(self, room_ids: Collection[UUID], /) -> Awaitable[Mapping[UUID, Head]]: ...

    def settled(self, message_ids: Collection[UUID], /) -> Awaitable[Iterable[AuthorNotified]]: ...

    def ruled(self, message_ids: Collection[UUID], /) -> Awaitable[Iterable[AuthorNotified]]: ...

    def sessions_alive(self, session_ids: Collection[UUID], /) -> Awaitable[Mapping[UUID, str]]: ...


class Reconciler:
    """The periodic check of one hub.

    Args:
        hub: What is compared.
        records: What it is compared with.
        check_layer: Checks the connection to the channel layer.
        renew_leases: Renews what this process holds in Redis. Run in the background.
        refresh_sanctions: Tells users of sanctions of which no hint told them.
        check_case_access: Tells moderators that they see other cases than before.
        start: Starts a background task.
        schedule: When what is checked.
    """

    def __init__(  # noqa: PLR0913  (what is checked, and by what)
        self,
        hub: Hub,
        *,
        records: Records,
        check_layer: Check,
        renew_leases: Callable[[], Coroutine[Any, Any, None]],
        refresh_sanctions: Check,
        check_case_access: Check,
        start: Start,
        schedule: Schedule,
    ) -> None:
        self._hub = hub
        self._records = records
        self._check_layer = check_layer
        self._renew_leases = renew_leases
        self._refresh_sanctions = refresh_sanctions
        self._check_case_access = check_case_access
        self._start = start
        self._schedule = schedule
        self._rounds = 0
        self._left: list[Check] = []  # checks that failed, or were not reached since

    async def run(self) -> None:
        """Check for ever. A check that fails is logged, and repeated in the next round."""
        while True:
            await asyncio.sleep(self._schedule.interval)
            self._rounds += 1
            if not failpoints.reach("hub.reconcile"):
                await self._round()

    async def _round(self) -> None:
        """Run the checks that are due, those first that earlier rounds left."""
        await self._failure(self._check_layer)
        if self._rounds % self._schedule.leases_every == 0:
            self._start(self._renew_leases())
        due = deque(dict.fromkeys([*self._left, *self._due()]))
        self._left = []
        while due:
            check = due.popleft()
            failure = await self._failure(check)
            if failure is not None:
                self._left.append(check)
            if isinstance(failure, Unavailable):
                # The others would wait for PostgreSQL as long as this one. In the next round they
                # come first, so that none is always behind a check that fails.
                self._left = [*due, *self._left]
                return

    async def _failure(self, check: Check) -> Exception | None:
        try:
            await check()
        except Unavailable as error:
            log.warning("reconciliation_postponed")
            return error
        except Exception as error:
            log.exception("reconciliation_failed")
            return error
        return None

    def _due(self) -> Iterator[Check]:
        """Return the checks of PostgreSQL that this round makes."""
        yield from (self.rooms, self.outcomes, self.held, self._check_case_access)
        if self._rounds % self._schedule.sanctions_every == 0:
            yield self._refresh_sanctions
        if self._rounds % self._schedule.sessions_every == 0:
            yield self.sessions

    async def rooms(self) -> None:
        """Compare the heads of all rooms, in one query."""
        room_ids = list(self._hub.rooms)
        if not room_ids:
            return
        heads = await self._records.heads(room_ids)
        await asyncio.sleep(self._schedule.hint_delay)
        for room_id in room_ids:
            room, head = self._hub.rooms.get(room_id), heads.get(room_id)
            if room is None:
                continue
            if head is not None:
                room.receive(head)
            else:
                for connection in list(room.subscriptions):
                    self._hub.detach(connection, room_id, CloseCode.NO_SUCH_ROOM)

    async def outcomes(self) -> None:
        """Look up the outcomes that authors have awaited for too long."""
        await self._look_up(self._records.settled, self._waits(is_held=False))

    async def held(self) -> None:
        """Look up what became of held messages: a moderator's decision, or its expiry."""
        await self._look_up(self._records.ruled, self._waits(is_held=True))

    async def _look_up(
        self, read: Callable[[Collection[UUID]], Awaitable[Iterable[AuthorNotified]]], waits: Waits
    ) -> None:
        for event in await read(waits) if waits else ():
            hint = fanout.author_notice(event)
            for connection, awaited in waits[event.view.id]:
                self._hub.notices.deliver(connection, hint, awaited)

    def _waits(self, *, is_held: bool) -> Waits:
        moment = asyncio.get_running_loop().time() - self._schedule.outcome_after
        found: Waits = defaultdict(list)
        for connections in self._hub.users.values():
            for connection in connections:
                waits = connection.notices.awaited_since_before(moment, is_held=is_held)
                for message_id, awaited in waits:
                    found[message_id].append((connection, awaited))
        return found

    async def sessions(self) -> None:
        """Close connections whose session has ended, or whose user is no longer active.

        The others get the current name of their user, which notes about them carry.
        """
        principals = {
            connection.principal
            for connections in self._hub.users.values()
            for connection in connections
            if connection.principal
        }
        if not principals:
            return
        alive = await self._records.sessions_alive({each.session_id for each in principals})
        if any(each.session_id not in alive for each in principals):
            # A ban ends sessions. It may be younger than the last look at sanctions, and its hint
            # lost: its frame comes before the connection closes.
            await self._refresh_sanctions()
        for principal in principals:
            if principal.session_id not in alive:
                self._hub.close_sessions(principal.user_id, lambda session: session not in alive)
            elif alive[principal.session_id] != principal.name:
                self._hub.rename(principal, alive[principal.session_id])
