"""One room as this process hears it: strictly one thing after the other, and nothing left out.

`head` is the last change that was handed on. The next one goes out as it is, an earlier one was
heard already, and anything beyond the next means that something was missed: it is read from
PostgreSQL first. Nothing is handed on before whoever lost the right to hear it has been parted.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from moderado.chat.models import Room
from moderado.chat.types import Head
from moderado.core import metrics
from moderado.core.errors import Unavailable
from moderado.core.wire_limits import MAX_OUTBOX_FRAMES
from moderado.realtime.infra.queries import Audience, Missed
from moderado.realtime.pubsub.envelope import AudienceMoved, RoomLines
from moderado.realtime.pubsub.fanout import batches_of_lines
from moderado.realtime.transport.outbox import Socket
from moderado.realtime.wire.close_codes import CloseCode
from moderado.realtime.wire.encode import Block, Line, line_of_change

log = structlog.get_logger(__name__)

MAX_INBOX = 1_000  # hints that may wait while the database is asked; what is lost is read again

Item = RoomLines | AudienceMoved | Head
Detach = Callable[[Socket, UUID, CloseCode], None]


class Record(Protocol):
    """The database, as far as a room needs it."""

    def audience(self, *, room_id: UUID, user_ids: set[UUID]) -> Awaitable[Audience]: ...

    def missed(self, *, room_id: UUID, after: int) -> Awaitable[Missed]: ...


@dataclass(slots=True, eq=False)
class Subscription:
    """One socket's ear in the room. While it catches up, what comes is held back for it."""

    socket: Socket
    user_id: UUID
    seq: int = 0
    is_member: bool = False
    # False: the room is still being read. Whatever happens meanwhile, they are told nothing of it:
    # it may be a stranger, who shall not learn that there is anything to happen.
    is_authorized: bool = False
    held: list[Line] | None = None
    lost_track: bool = False  # more happened before they were let in than can be held
    behind: bool = False  # was told to ask for more: hears again once it has

    def hear(self, block: Block) -> None:
        """Take what comes after what was heard: each change once, ascending."""
        if self.behind:
            return
        if self.held is not None:
            self.held.extend(block.lines)
            if len(self.held) > MAX_OUTBOX_FRAMES:
                self._lose_track()
        elif block.first > self.seq:
            self.socket.push_block(block)
            self.seq = block.last
        else:
            self._hear_new(block.lines)

    def _lose_track(self) -> None:
        if self.is_authorized:
            self.socket.close(CloseCode.TOO_SLOW)
        else:
            self.held, self.lost_track = [], True

    def authorize(self, *, is_member: bool) -> None:
        """The room may be read by them."""
        self.is_authorized, self.is_member = True, is_member
        if self.lost_track:
            self.socket.close(CloseCode.TOO_SLOW)

    def hold(self) -> None:
        """Begin to catch up."""
        self.held, self.behind = [], False

    def release(self, seq: int, *, more: bool = False) -> None:
        """All up to `seq` has been told: what was held beyond it follows."""
        held, self.held = self.held or [], None
        self.seq = max(self.seq, seq)
        self.behind = more
        if not more:
            self._hear_new(held)

    def _hear_new(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if line.seq > self.seq:
                self.socket.push(line)
                self.seq = line.seq


class LiveRoom:
    """The sockets of one room, and the order in which they hear of it."""

    def __init__(self, room_id: UUID, *, record: Record, detach: Detach) -> None:
        self.id = room_id
        self.head = 0
        self.subscriptions: dict[Socket, Subscription] = {}
        self._record = record
        self._detach = detach
        self._epoch: UUID | None = None  # None: not opened yet, so nothing can be put in order
        self._acl_version = 0
        self._mode = ""  # as of the last head that was seen: a hint of how posting will go
        self._inbox: deque[Item] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def shows_after_approval(self) -> bool:
        """Whether what is said here waits for its verdict, as far as this process knows."""
        return self._mode == Room.Mode.PRE

    def opened(self, head: Head) -> None:
        """A subscriber has found the room at `head`, with the right to read it."""
        self._mode = head.moderation_mode
        if self._epoch is None:
            self.head, self._epoch, self._acl_version = head.seq, head.epoch, head.acl_version
            self._drain()
        elif head.acl_version > self._acl_version or head.epoch != self._epoch:
            self.take(head)

    def take(self, item: Item) -> None:
        """Something was heard of this room. Handled in turn, often at once."""
        if isinstance(item, Head):
            self._mode = item.moderation_mode
            if self._is_known(item):
                return
        if len(self._inbox) >= MAX_INBOX:
            metrics.DROPPED.labels(what="hint").inc()
            return
        self._inbox.append(item)
        self._drain()

    def tell(self, lines: Sequence[Line]) -> None:
        """Pass on what has no place in the order, to everybody but whom it is about."""
        block = Block(lines)
        for subscription in self.subscriptions.values():
            if subscription.held is not None:
                continue
            if subscription.user_id not in block.authors:
                subscription.socket.push_block(block)
                continue
            for line in lines:
                if line.author_id != subscription.user_id:
                    subscription.socket.push(line)

    def close(self) -> None:
        """Nobody listens any more."""
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

    def _drain(self) -> None:
        """Handle what needs no database at once; the first that does takes the rest with it."""
        if self._epoch is None or self._worker is not None:
            return
        while self._inbox:
            item = self._inbox.popleft()
            if not isinstance(item, RoomLines) or not self._take_next(item):
                self._inbox.appendleft(item)
                self._worker = asyncio.create_task(self._work(), name=f"room-{self.id}")
                return

    def _take_next(self, hint: RoomLines) -> bool:
        """Hand the lines on if they are the next ones and their audience is known."""
        new = [line for line in hint.lines if line.seq > self.head]
        if not new:
            return True
        if hint.acl_version > self._acl_version or new[0].seq != self.head + 1:
            return False
        self._hand_on(new)
        return True

    async def _work(self) -> None:
        try:
            while self._inbox:
                item = self._inbox.popleft()
                try:
                    await self._mend(item)
                except Unavailable:
                    # `head` stands where it stood: the periodic check comes back to it.
                    log.warning("room_not_mended", room_id=str(self.id))
                except Exception:
                    log.exception("room_not_mended", room_id=str(self.id))
        finally:
            self._worker = None

    async def _mend(self, item: Item) -> None:
        if isinstance(item, Head) and item.epoch != self._epoch:
            self._start_over(item)
            return
        if self._was_removed(item) or _is_newer(item, self._acl_version):
            await self._part_strangers()
        if isinstance(item, RoomLines):
            if not self._take_next(item):
                await self._catch_up(found_by="gap")
                self._take_next(item)
        elif isinstance(item, Head) and item.seq > self.head:
            await self._catch_up(found_by="check")
        await asyncio.sleep(0)

    def _was_removed(self, item: Item) -> bool:
        """Whether somebody who listens was taken out of the room, though all may read it."""
        removed = item.removed_user_id if isinstance(item, AudienceMoved) else None
        theirs = [sub for sub in self.subscriptions.values() if sub.user_id == removed]
        for subscription in theirs:
            subscription.is_member = True  # until a moment ago, even if they had not been at first
        return bool(theirs)

    async def _catch_up(self, *, found_by: str) -> None:
        """Read what was missed, and hand it on to those who may still hear it."""
        while True:
            missed = await self._record.missed(room_id=self.id, after=self.head)
            if missed.acl_version > self._acl_version:
                await self._part_strangers()
            metrics.GAPS_HEALED.labels(found_by=found_by).inc(len(missed.changes))
            for batch in batches_of_lines(map(line_of_change, missed.changes)):
                self._hand_on(batch)
                await asyncio.sleep(0)  # let the sockets write before the next batch
            if not missed.more:
                return

    async def _part_strangers(self) -> None:
        """Part everybody who may no longer read the room, or is no longer in it."""
        while True:
            asked = {sub.user_id for sub in self.subscriptions.values()}
            audience = await self._record.audience(room_id=self.id, user_ids=asked)
            for socket, sub in list(self.subscriptions.items()):
                if sub.user_id in asked:
                    self._part_stranger(socket, sub, audience)
            if audience.head is None:
                return
            if {sub.user_id for sub in self.subscriptions.values()} <= asked:
                self._acl_version = max(self._acl_version, audience.head.acl_version)
                return

    def _part_stranger(self, socket: Socket, sub: Subscription, audience: Audience) -> None:
        if audience.head is None:
            self._detach(socket, self.id, CloseCode.NO_SUCH_ROOM)
        elif sub.user_id not in audience.readers or (
            sub.is_member and sub.user_id not in audience.members
        ):
            self._detach(socket, self.id, CloseCode.NOT_A_PARTICIPANT)
        else:
            sub.is_member = sub.user_id in audience.members

    def _start_over(self, head: Head) -> None:
        """The room's history was rebuilt: everybody comes back, and is told to reload."""
        self.head, self._epoch, self._acl_version = head.seq, head.epoch, head.acl_version
        for socket in list(self.subscriptions):
            socket.close(CloseCode.TOO_SLOW)

    def _hand_on(self, lines: Sequence[Line]) -> None:
        block = Block(lines)
        for subscription in list(self.subscriptions.values()):
            subscription.hear(block)
        self.head = max(self.head, lines[-1].seq)
        metrics.DELIVERIES.inc(len(lines) * len(self.subscriptions))


def _is_newer(item: Item, acl_version: int) -> bool:
    """Whether somebody may have lost the right to read since `acl_version`."""
    return item.acl_version > acl_version or (isinstance(item, Head) and item.deleted)
