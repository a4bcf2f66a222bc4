"""uvicorn's WebSocket protocol with direct writes, backpressure and an orderly shutdown.

`config.gunicorn` names it as the class that serves WebSockets.
"""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SHUTDOWN_TIMEOUT = 5.0  # seconds that a frame in work may take when the server stops
SHUTDOWN_SPREAD = 1.0  # seconds over which clients are closed, so that they return one by one
SEND_BUFFER = 256 * 1024  # bytes the kernel keeps for a slow reader; its own default is megabytes
CLOSE_TIMEOUT = 1.0  # seconds for the close frame to a peer that no longer answers
READ_AHEAD = 2  # messages of a client that may wait; then no more is read from it


class ChatProtocol(WebSocketsSansIOProtocol):
    """One client's connection.

    The application finds it in the scope, as the extension `moderado.transport`, and sets
    `before_leaving`: a coroutine function that finishes what the connection has begun.
    """

    before_leaving: Callable[[], Awaitable[None]] | None = None
    _leaving: "asyncio.Task[None] | None" = None

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if raw := self.transport.get_extra_info("socket"):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if self.handshake_initiated and hasattr(self, "scope"):
            self.scope["extensions"]["moderado.transport"] = self  # type: ignore[assignment]  # ours

    async def send(self, message: Any) -> None:
        if self.handshake_complete:
            await super().send(message)
            return
        # uvicorn logs the query string of the handshake, and a token may stand in it.
        self.scope = {**self.scope, "query_string": b""}
        await super().send(message)
        if self.handshake_complete:
            del self.response, self.scope  # 2.3 KiB that nothing reads any more

    def write_now(self, frames: bytes) -> bool:
        """Write encoded frames past uvicorn's own encoding, which is half the cost of a delivery.

        Returns:
            False if nothing was written, because the peer is slow or the connection closes.
        """
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True

    def abort(self) -> None:
        """Cut the connection. A peer that reads nothing would otherwise keep it open for ever."""
        self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """Queue a message, as uvicorn does, with two differences.

        Text that is not UTF-8 reaches the application, which answers with an `error`; uvicorn
        closes with 1007. Reading pauses only when messages wait; uvicorn pauses for each message.
        """
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return  # the application reads no more
        kind: str = self.curr_msg_data_type
        try:
            content: bytes | str = data.decode() if kind == "text" else data
        except UnicodeDecodeError:
            kind, content = "bytes", data
        self.queue.put_nowait({"type": "websocket.receive", kind: content})  # type: ignore[arg-type]
        if not self.read_paused and self.queue.qsize() >= READ_AHEAD:
            self.read_paused = True
            self.transport.pause_reading()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(CLOSE_TIMEOUT, self.abort)

    def shutdown(self) -> None:
        """Close with 1012 after what the connection has begun is finished."""
        if self.before_leaving is None or self.close_sent:
            super().shutdown()
        elif self._leaving is None:
            self._leaving = self.loop.create_task(self._leave(self.before_leaving))

    async def _leave(self, finish: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(SHUTDOWN_TIMEOUT):
                await asyncio.sleep(random.uniform(0, SHUTDOWN_SPREAD))  # noqa: S311  (not a secret)
                await finish()
        except TimeoutError:
            pass
        finally:
            super().shutdown()
