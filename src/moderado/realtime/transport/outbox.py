"""What waits to be written to one client: its order, its limits, backpressure, and closing.

Nothing waits for a slow client but its own frames, which are not read while its outbox is filling
up. A client that reads steadily is waited for, at any speed; one that makes no progress for 15 s,
or whose outbox is full, is closed with 4008 (ADR 0052).
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

import structlog

from moderado.core import metrics
from moderado.core.wire_limits import (
    CONGESTED_BYTES,
    CONGESTED_FRAMES,
    LAGGING_BYTES,
    LAGGING_FRAMES,
    MAX_OUTBOX_BYTES,
    MAX_OUTBOX_FRAMES,
    STALL_SECONDS,
)
from moderado.realtime.wire.close_codes import ABNORMAL_CLOSURE, CloseCode
from moderado.realtime.wire.encode import text_frame

Send = Callable[[dict[str, Any]], Awaitable[None]]

log = structlog.get_logger(__name__)

CLOSE_GRACE = 10.0  # seconds for the closing handshake, before the transport is aborted


class Transport(Protocol):
    """The server's own transport, past the ASGI queue, where the server offers it."""

    def write_now(self, frames: bytes) -> bool: ...

    def acknowledged(self) -> int:
        """Bytes that the peer has acknowledged; 0 where that is unknown."""
        ...

    def abort(self) -> None: ...


class Outbox:
    """Everything that is written to one client, in order."""

    __slots__ = (
        "_close_grace",
        "_frames",
        "_is_writing",
        "_reason",
        "_send",
        "_size",
        "_stall_seconds",
        "_transport",
        "_wake",
        "_watch",
        "_writable",
        "_writer",
        "_written",
        "closing",
    )

    def __init__(
        self,
        send: Send,
        *,
        transport: Transport | None = None,
        close_grace: float = CLOSE_GRACE,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self.closing: int | None = None  # the close code, once there is one
        self._send = send
        self._transport = transport
        self._close_grace = close_grace
        self._stall_seconds = stall_seconds
        self._watch: asyncio.TimerHandle | None = None
        self._written = 0  # frames
        self._reason = ""
        self._frames: list[str] = []  # short, and mostly empty: a deque starts with 760 bytes
        self._size = 0  # bytes in `_frames`
        self._is_writing = False
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._writer: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._frames)

    def start(self, on_finished: Callable[[], None], *, name: str) -> None:
        """Begin to write. `on_finished` is called once nothing more will be written."""
        self._writer = asyncio.create_task(self._write(), name=name)
        self._writer.add_done_callback(partial(self._finished, on_finished))

    def append(self, text: str) -> None:
        """Write a text frame after those that wait. Closes the connection when it is full."""
        if self.closing is not None or self.write_now(text_frame(text)):
            return
        size = _size(text)
        if len(self._frames) >= MAX_OUTBOX_FRAMES or self._size + size > MAX_OUTBOX_BYTES:
            self.overflow()
            return
        self._frames.append(text)
        self._size += size
        if self.is_congested:
            self._writable.clear()
        if self._watch is None:
            self._watch_progress(self._progress())
        self._wake.set()

    @property
    def is_congested(self) -> bool:
        """Whether the client's next frame has to wait."""
        return len(self._frames) >= CONGESTED_FRAMES or self._size >= CONGESTED_BYTES

    @property
    def is_lagging(self) -> bool:
        """Whether the client has to catch up before it gets more than answers."""
        return len(self._frames) >= LAGGING_FRAMES or self._size >= LAGGING_BYTES

    def write_now(self, frames: bytes) -> bool:
        """Write encoded frames directly to the transport.

        Returns:
            False if they were not written, because others wait or the peer is slow.
        """
        if self._frames or self._is_writing or self._transport is None or self.closing is not None:
            return False
        return self._writer is not None and self._transport.write_now(frames)

    async def wait_writable(self) -> None:
        """Wait until the client has taken most of its frames (backpressure)."""
        await self._writable.wait()

    async def drained(self) -> None:
        """Wait until everything was written."""
        while self._writer is not None and not self._writer.done():
            if not (self._frames or self._is_writing):
                return
            self._writable.clear()
            await self._writable.wait()

    def close(self, code: int, *, reason: str = "") -> None:
        """Close after what waits is written; abort if the peer does not answer in time.

        Args:
            code: The close code.
            reason: A stable word; empty for the name of `code`.
        """
        if self.closing is not None:
            return
        self.closing, self._reason = code, reason
        self._wake.set()
        asyncio.get_running_loop().call_later(self._close_grace, self._abort)

    def overflow(self) -> None:
        """Drop what waits, and close with 4008: the client is too slow."""
        metrics.DROPPED.labels(kind="slow_socket").inc()
        log.info("slow_socket_closed", frames=len(self._frames), bytes=self._size)
        self._frames.clear()
        self._size = 0
        self.close(CloseCode.TOO_SLOW)

    def closed(self, code: int = ABNORMAL_CLOSURE) -> None:
        """Note that the client has disconnected, with `code`: nothing more can be written."""
        self.closing = self.closing or code
        self._frames.clear()
        if self._writer is not None:
            self._writer.cancel()

    async def _write(self) -> None:
        try:
            while self._frames or self.closing is None:
                if not self._frames:
                    self._wake.clear()
                    self._writable.set()
                    await self._wake.wait()
                    continue
                text = self._frames.pop(0)
                self._size -= _size(text)
                self._is_writing = True
                await self._send({"type": "websocket.send", "text": text})
                self._is_writing = False
                self._written += 1
                if not self.is_congested:
                    self._writable.set()
            closing = {"type": "websocket.close", "code": self.closing, "reason": self._reason}
            await self._send(closing)
        except OSError:
            self.closing = self.closing or ABNORMAL_CLOSURE  # lost while being written to
        finally:
            self._frames.clear()
            self._writable.set()
            if self._watch is not None:
                self._watch.cancel()

    def _finished(self, on_finished: Callable[[], None], _writer: asyncio.Task[None]) -> None:
        self._writer = None  # cancelled, it would keep this outbox, and this outbox the task
        on_finished()

    def _progress(self) -> tuple[int, int]:
        return self._written, self._transport.acknowledged() if self._transport else 0

    def _watch_progress(self, before: tuple[int, int]) -> None:
        self._watch = asyncio.get_running_loop().call_later(
            self._stall_seconds, self._check_progress, before
        )

    def _check_progress(self, before: tuple[int, int]) -> None:
        """Close the connection if something waits and the client has taken nothing."""
        self._watch = None
        if self.closing is not None or not (self._frames or self._is_writing):
            return
        now = self._progress()
        if now == before:
            self.overflow()
        else:
            self._watch_progress(now)

    def _abort(self) -> None:
        """The peer did not complete the closing handshake."""
        if self._writer is not None and not self._writer.done():
            self._writer.cancel()
        if self._transport is not None:
            self._transport.abort()


def _size(text: str) -> int:
    """Bytes on the wire, without the header."""
    return len(text) if text.isascii() else len(text.encode())
