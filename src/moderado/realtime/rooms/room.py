"""The subscriptions of one room, and the order in which changes are delivered to them.

`head` is the last change that was delivered. The next one is delivered at once, an earlier one is
dropped, and a later one means that changes are missing: they are read from PostgreSQL first. When
users may have lost access, they are detached before the next change is delivered.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from moderado.chat.models import Room
from moderado.chat.types import Head
from moderado.core import metrics
from moderado.core.errors import Unavailable
from moderado.realtime.infra.queries import Audience, Missed
from moderado.realtime.pubsub.envelope import AccessChanged, EphemeralLines, RoomLines
from moderado.realtime.pubsub.fanout import batches_of_lines
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.subscription import Subscription
from moderado.realtime.wire.close_codes import CloseCode
from moderado.realtime.wire.encode import Block, Line, line_of_change
from moderado.realtime.wire.protocol import Synced

log = structlog.get_logger(__name__)

MAX_INBOX = 1_000  # items that wait while PostgreSQL is read; those dropped are recovered later

NO_EPOCH = UUID(int=0)  # never sent: nothing is delivered before the room was opened

Item = RoomLines | AccessChanged | EphemeralLines | Head
Detach = Callable[[Connection, UUID, CloseCode], None]


class Records(Protocol):
    """What a room reads from PostgreSQL."""

    def audience(self, *, room_id: UUID, user_ids: set[UUID]) -> Awaitable[Audience]: ...

    def missed(self, *, room_id: UUID, after: int) -> Awaitable[Missed]: ...


class LiveRoom:
    """A room that at least one connection of this process subscribes to.

    Args:
        room_id: Of the room, whether it exists or not.
        records: What is read from PostgreSQL.
        detach: Ends the subscription of a connection, which may be told the close code.
    """

    def __init__(self, room_id: UUID, *, records: Records, detach: Detach) -> None:
        self.id = room_id
        self.head = 0
        self.subscriptions: dict[Connection, Subscription] = {}
        self._records = records
        self._detach = detach
        self._epoch: UUID | None = None  # None: the room was not opened, so `head` is unknown
        self._acl_version = 0
        self._mode = ""  # as of the last head: a prediction of how a message will be treated
        self._inbox: deque[Item] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def shows_after_approval(self) -> bool:
        """Whether a new message waits for its verdict, as far as this process knows."""
        return self._mode == Room.Mode.PRE

    @property
    def acl_version(self) -> int:
        """The version of the room as of which its subscribers were checked; 0 before it opened."""
        return self._acl_version

    def user_ids(self) -> set[UUID]:
        """The users who subscribe, authorized or not."""
        return {subscription.user_id for subscription in self.subscriptions.values()}

    def has_user(self, user_id: UUID) -> bool:
        return any(each.user_id == user_id for each in self.subscriptions.values())

    def open_at(self, head: Head) -> None:
        """Start from `head`, which an authorized subscriber has read."""
        self._mode = head.moderation_mode
        if self._epoch is None:
            self.head, self._epoch, self._acl_version = head.seq, head.epoch, head.acl_version
            self._process_inbox()
        elif head.acl_version > self._acl_version or head.epoch != self._epoch:
            self.receive(head)

    def receive(self, item: Item) -> None:
        """Process a hint or a head after those received before, at once where possible."""
        if isinstance(item, Head):
            self._mode = item.moderation_mode
            if self._is_known(item):
                return
        if len(self._inbox) >= MAX_INBOX:
            metrics.DROPPED.labels(kind="hint").inc()
            return
        self._inbox.append(item)
        self._process_inbox()

    def close(self) -> None:
        """Stop processing: the last subscription has ended."""
        self._inbox.clear()
        if self._worker is not None:
            self._worker.cancel()

    def _is_known(self, head: Head) -> bool:
        return (
            not head.deleted
            and head.epoch == self._epoch
            and head.seq <= self.head
            and head.acl_version <= self._acl_version
        )

    def _process_inbox(self) -> None:
        """Process items that need no query. A task takes over from the first one that does."""
        if self._epoch is None or self._worker is not None:
            return
        while self._inbox:
            item = self._inbox.popleft()
            if not self._deliver_now(item):
                self._inbox.appendleft(item)
                self._worker = asyncio.create_task(self._work(), name=f"room-{self.id}")
                return

    def _deliver_now(self, item: Item) -> bool:
        """Deliver the item if that needs no query."""
        match item:
            case RoomLines():
                return self._deliver_next(item)
            case EphemeralLines() if item.acl_version <= self._acl_version:
                self._broadcast(item.lines)
                return True
            case _:
                return False

    def _deliver_next(self, hint: RoomLines) -> bool:
        """Deliver the lines if they are the next ones and no user may have lost access."""
        new = [line for line in hint.lines if line.seq > self.head]
        if not new:
            return True
        if hint.acl_version > self._acl_version or new[0].seq != self.head + 1:
            return False
        self._deliver(new)
        return True

    async def _work(self) -> None:
        try:
            while self._inbox:
                item = self._inbox.popleft()
                try:
                    await self._process(item)
                except Unavailable:
                    # `head` is unchanged, so the periodic check finds the same changes again.
                    log.warning("room_not_reconciled", room_id=str(self.id))
                except Exception:
                    log.exception("room_not_reconciled", room_id=str(self.id))
        finally:
            self._worker = None

    async def _process(self, item: Item) -> None:
        if isinstance(item, Head) and item.epoch != self._epoch:
            self._start_over(item)
            return
        if self._was_removed(item) or _may_revoke(item, self._acl_version):
            await self._detach_unauthorized()
        if isinstance(item, RoomLines):
            if not self._deliver_next(item):
                await self._catch_up(found_by="gap")
                self._deliver_next(item)
        elif isinstance(item, EphemeralLines):
            self._broadcast(item.lines)
        elif isinstance(item, Head) and item.seq > self.head:
            await self._catch_up(found_by="check")
        await asyncio.sleep(0)

    def _was_removed(self, item: Item) -> bool:
        """Whether a subscriber was removed from the room, even if everyone may read it."""
        removed = item.removed_user_id if isinstance(item, AccessChanged) else None
        theirs = [each for each in self.subscriptions.values() if each.user_id == removed]
        for subscription in theirs:
            subscription.is_member = True  # until now, even if they joined after subscribing
        return bool(theirs)

    async def _catch_up(self, *, found_by: str) -> None:
        """Read and deliver the missing changes, after those who lost access are detached."""
        while True:
            missed = await self._records.missed(room_id=self.id, after=self.head)
            if missed.acl_version > self._acl_version:
                await self._detach_unauthorized()
            metrics.GAPS_REPAIRED.labels(found_by=found_by).inc(len(missed.changes))
            for batch in batches_of_lines(map(line_of_change, missed.changes)):
                self._deliver(batch)
                await asyncio.sleep(0)  # let the connections write before the next batch
            if not missed.more:
                return

    async def _detach_unauthorized(self) -> None:
        """Detach all who may no longer read the room, and members who no longer are."""
        while True:
            asked = self.user_ids()
            audience = await self._records.audience(room_id=self.id, user_ids=asked)
            for connection, subscription in list(self.subscriptions.items()):
                if subscription.user_id in asked:
                    self._check(connection, subscription, audience)
            if audience.head is None:
                return
            if self.user_ids() <= asked:  # else users have subscribed since the query
                self._acl_version = max(self._acl_version, audience.head.acl_version)
                return

    def _check(
        self, connection: Connection, subscription: Subscription, audience: Audience
    ) -> None:
        user_id = subscription.user_id
        if audience.head is None:
            self._detach(connection, self.id, CloseCode.NO_SUCH_ROOM)
        elif user_id not in audience.readers or (
            subscription.is_member and user_id not in audience.members
        ):
            self._detach(connection, self.id, CloseCode.NOT_A_PARTICIPANT)
        else:
            subscription.is_member = user_id in audience.members

    def _start_over(self, head: Head) -> None:
        """The history was rebuilt: close all connections, whose next sync answers `reset`."""
        self.head, self._epoch, self._acl_version = head.seq, head.epoch, head.acl_version
        for connection in list(self.subscriptions):
            connection.close(CloseCode.TOO_SLOW)

    def _request_sync(self, seq: int) -> Synced:
        """Return the frame that tells a client, which has `seq`, to request what it misses."""
        epoch = self._epoch or NO_EPOCH
        return Synced(
            room=self.id, seq=seq, epoch=epoch, reset=False, more=True, messages=(), pending={}
        )

    def _deliver(self, lines: Sequence[Line]) -> None:
        block = Block(lines)
        for subscription in list(self.subscriptions.values()):
            if not subscription.deliver(block):
                subscription.connection.reply(self._request_sync(subscription.seq))
        self.head = max(self.head, lines[-1].seq)
        metrics.DELIVERIES.inc(len(lines) * len(self.subscriptions))

    def _broadcast(self, lines: Sequence[Line]) -> None:
        """Deliver lines outside the room's order, but not to their authors.

        A user who blocks a person does not see that person's lines, and the reverse.
        """
        block = Block(lines)
        for subscription in self.subscriptions.values():
            if not subscription.receives_notes or subscription.connection.outbox.is_lagging:
                continue
            omitted = {subscription.user_id, *subscription.connection.hidden}
            if omitted.isdisjoint(block.authors):
                subscription.connection.push_block(block, subscription)
                continue
            for line in lines:
                if line.author_id not in omitted:
                    subscription.connection.push(line, subscription)


def _may_revoke(item: Item, acl_version: int) -> bool:
    """Whether a user may have lost access since `acl_version`."""
    return item.acl_version > acl_version or (isinstance(item, Head) and item.deleted)
