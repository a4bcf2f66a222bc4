"""One open socket: what waits to be written to it, how much that may be, and how it ends."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4

import structlog

from moderado.accounts.types import Principal
from moderado.chat.types import MessageView
from moderado.core import metrics
from moderado.core.wire_limits import MAX_OUTBOX_BYTES, MAX_OUTBOX_FRAMES
from moderado.realtime.transport import compact
from moderado.realtime.wire.close_codes import ABNORMAL_CLOSURE, CloseCode
from moderado.realtime.wire.encode import (
    MESSAGE_QUEUED,
    MESSAGE_SHOWN,
    Block,
    Line,
    author_frame,
    newest_revision,
    text_frame,
)
from moderado.realtime.wire.protocol import (
    MessageQueued,
    ServerFrame,
    encode,
)

Send = Callable[[dict[str, Any]], Awaitable[None]]

log = structlog.get_logger(__name__)

ROOMY = 64  # frames: the next one of the client's is read when fewer wait
CLOSE_GRACE = 10.0  # seconds a peer has to take what closes it, before it is cut off
REMEMBERED = 512  # notices and unsettled messages a socket remembers


class Transport(Protocol):
    """The way past the server's machinery, where the server offers one."""

    def write_now(self, frames: bytes) -> bool: ...

    def abort(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Awaited:
    """A message whose author was told it is queued, and not yet what became of it."""

    revision: int
    since: float


class Socket:
    """Everything written to one client goes through here, in order. Nobody ever waits for it."""

    def __init__(self, send: Send, *, transport: Transport | None = None) -> None:
        self.id = uuid4().hex
        self.principal: Principal | None = None
        self.only_room: UUID | None = None  # of a socket that was opened for one room
        self.rooms: set[UUID] = set()
        self.awaited: OrderedDict[UUID, Awaited] = OrderedDict()
        self.closing: int | None = None
        self._send = send
        self._transport = transport
        self._outbox: list[str] = []  # short, and mostly empty: a deque begins with 760 bytes
        self._size = 0
        self._sending = False
        self._writing = False
        self._held: list[Line] = []
        self._told: OrderedDict[tuple[str, UUID, int], None] = OrderedDict()
        self._wake = compact.Event()
        self._roomy = compact.Event()
        self._roomy.set()
        self._writer: asyncio.Task[None] | None = None

    def start(self, when_over: Callable[[], None]) -> None:
        """Begin to write; `when_over` is called once nothing more will be."""
        self._writer = asyncio.create_task(self._write(), name=f"writer-{self.id}")
        self._writer.add_done_callback(lambda _task: when_over())

    def reply(self, frame: ServerFrame) -> None:
        """Answer the client's frame: what was held back for it comes after."""
        self._append(encode(frame))

    def reply_queued(self, view: MessageView) -> None:
        """Confirm a message; the same confirmation on its way through the hub is dropped."""
        self._remember((MESSAGE_QUEUED, view.id, newest_revision(view)))
        self.reply(author_frame(MessageQueued, view))

    def push(self, line: Line) -> None:
        """Write what the hub brings. While a message of this client is being stored, whatever
        concerns its author waits, and so does all that follows: the confirmation comes first."""
        if self.closing is not None:
            return
        if self._sending and (self._held or line.author_id == self._me):
            self._held.append(line)
            if len(self._held) > MAX_OUTBOX_FRAMES:
                self._overflow()
        elif self._is_news(line):
            self._append(line.text)

    def push_block(self, block: Block) -> None:
        """The same for all of `block`, in one write where nothing stands in the way."""
        if self.closing is not None:
            return
        mine = self._me in block.authors
        if self._held or (mine and self._sending):
            for line in block.lines:
                self.push(line)
            return
        news = [*filter(self._is_news, block.lines)] if mine else block.lines
        if len(news) < len(block.lines) or not self._write_now(block.wire):
            for line in news:
                self._append(line.text)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """While a message of this client is being stored."""
        self._sending = True
        try:
            yield
        finally:
            self._sending = False
            while self._held and self.closing is None:
                self.push(self._held.pop(0))

    def await_verdict(self, message_id: UUID, revision: int) -> None:
        """Remember to tell this client what becomes of the message, should no hint arrive."""
        now = asyncio.get_running_loop().time()
        self.awaited[message_id] = Awaited(revision, now)
        while len(self.awaited) > REMEMBERED:
            self.awaited.popitem(last=False)

    async def wait_writable(self) -> None:
        """Wait until the client has taken its answers: who does not read is not read."""
        await self._roomy.wait()

    async def drained(self) -> None:
        """Wait until all that was to be written is."""
        while self._outbox and self._writer is not None and not self._writer.done():
            self._roomy.clear()
            await self._roomy.wait()

    def close(self, code: int, frame: ServerFrame | None = None) -> None:
        """End the socket after what waits and `frame` are written; by force if they cannot be."""
        if self.closing is not None:
            return
        if frame is not None:
            self.reply(frame)
        self._end(code)

    def _end(self, code: int) -> None:
        if self.closing is not None:
            return
        self.closing = code
        self._held.clear()
        self._wake.set()
        asyncio.get_running_loop().call_later(CLOSE_GRACE, self._give_up)

    def closed(self) -> None:
        """The client has left: nothing more can be written."""
        self.closing = self.closing or ABNORMAL_CLOSURE
        self._outbox.clear()
        self._held.clear()
        if self._writer is not None:
            self._writer.cancel()

    def _append(self, text: str) -> None:
        if self.closing is not None or self._write_now(text_frame(text)):
            return
        size = _size(text)
        if len(self._outbox) >= MAX_OUTBOX_FRAMES or self._size + size > MAX_OUTBOX_BYTES:
            self._overflow()
            return
        self._outbox.append(text)
        self._size += size
        if len(self._outbox) >= ROOMY:
            self._roomy.clear()
        self._wake.set()

    def _write_now(self, frames: bytes) -> bool:
        """Write past the outbox: only when nothing waits in it or is being written."""
        if self._outbox or self._writing or self._transport is None or self.closing is not None:
            return False
        return self._writer is not None and self._transport.write_now(frames)

    def _overflow(self) -> None:
        metrics.DROPPED.labels(what="slow_socket").inc()
        log.info("slow_socket_closed", frames=len(self._outbox), bytes=self._size)
        self._outbox.clear()
        self._size = 0
        self._end(CloseCode.TOO_SLOW)

    @property
    def _me(self) -> UUID | None:
        return self.principal.user_id if self.principal is not None else None

    def _is_news(self, line: Line) -> bool:
        """Whether this is to be told: of what its author is told, what they have not heard yet.
        Keeps what they wait for up to date."""
        if line.author_id != self._me or line.message_id is None:
            return True
        if line.frame_type != MESSAGE_QUEUED:
            awaited = self.awaited.get(line.message_id)
            if awaited is not None and (line.revision >= awaited.revision or not line.seq):
                del self.awaited[line.message_id]
        if line.seq:
            if line.frame_type != MESSAGE_SHOWN:
                # The room hears that it is gone or changed; the author is owed the reason, too.
                self.await_verdict(line.message_id, line.revision)
            return True  # the room's own order knows no repetition
        return self._remember((line.frame_type, line.message_id, line.revision))

    def _remember(self, notice: tuple[str, UUID, int]) -> bool:
        if notice in self._told:
            return False
        self._told[notice] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True

    async def _write(self) -> None:
        try:
            while self._outbox or self.closing is None:
                if not self._outbox:
                    self._wake.clear()
                    self._roomy.set()
                    await self._wake.wait()
                    continue
                text = self._outbox.pop(0)
                self._size -= _size(text)
                self._writing = True
                await self._send({"type": "websocket.send", "text": text})
                self._writing = False
                if len(self._outbox) < ROOMY:
                    self._roomy.set()
            await self._send({"type": "websocket.close", "code": self.closing})
        except OSError:
            self.closing = self.closing or ABNORMAL_CLOSURE
        finally:
            self._outbox.clear()
            self._roomy.set()

    def _give_up(self) -> None:
        """The peer did not even take its dismissal: end the transport itself."""
        if self._writer is not None and not self._writer.done():
            self._writer.cancel()
        if self._transport is not None:
            self._transport.abort()


def _size(text: str) -> int:
    """In bytes, as it is sent."""
    return len(text) if text.isascii() else len(text.encode())
