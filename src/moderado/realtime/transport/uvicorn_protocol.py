"""uvicorn's WebSocket protocol, with what a chat needs of its transport.

Configure the server with `ws="moderado.realtime.transport.uvicorn_protocol:ChatProtocol"`.
"""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from moderado.realtime.transport import compact

IN_FLIGHT = 5.0  # seconds that a frame in work may take when the server goes away
SPREAD = 1.0  # seconds over which the clients are sent away, so that they return one by one
SEND_BUFFER = 256 * 1024  # bytes the kernel keeps for a slow reader; left alone, it takes megabytes
LAST_WORDS = 1.0  # seconds for the closing frame of a peer that no longer answers
AHEAD = 2  # messages read of a client before the first of them is taken; then no more is read


class ChatProtocol(WebSocketsSansIOProtocol):
    """Ends what cannot be ended politely, and lets what was begun be finished."""

    before_leaving: Callable[[], Awaitable[None]] | None = None
    _leaving: "asyncio.Task[None] | None" = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue: compact.Inbox[Any] = compact.Inbox()  # type: ignore[assignment]  # what is asked of it
        self.writable: compact.Event = compact.Event()  # type: ignore[assignment]
        self.writable.set()

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if raw := self.transport.get_extra_info("socket"):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if self.handshake_initiated and hasattr(self, "scope"):
            self.scope["extensions"]["moderado.transport"] = self  # type: ignore[assignment]  # ours

    async def send(self, message: Any) -> None:
        if not self.handshake_complete:
            # uvicorn logs the query string of the handshake, and a token may stand in it.
            self.scope = {**self.scope, "query_string": b""}
        await super().send(message)

    def write_now(self, frames: bytes) -> bool:
        """Write whole frames, made elsewhere; false when they must wait for a peer that is slow.

        Half of what a delivery costs is what is done again for each socket: so it is not.
        """
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True

    def abort(self) -> None:
        """Cut the connection: a peer that reads nothing would keep it open for ever."""
        self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """As uvicorn's, but for two things.

        It closes with 1007 on bad UTF-8, which the chat answers as any bad frame, by an error. And
        it stops reading and begins again for each message, though hardly any has to wait.
        """
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return  # nobody takes it any more
        kind: str = self.curr_msg_data_type
        try:
            content: bytes | str = data.decode() if kind == "text" else data
        except UnicodeDecodeError:
            kind, content = "bytes", data
        self.queue.put_nowait({"type": "websocket.receive", kind: content})
        if not self.read_paused and len(self.queue) >= AHEAD:
            self.read_paused = True
            self.transport.pause_reading()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(LAST_WORDS, self.abort)

    def shutdown(self) -> None:
        """The server goes away: what is in work is finished first, then 1012."""
        if self.before_leaving is None or self.close_sent:
            super().shutdown()
        elif self._leaving is None:
            self._leaving = self.loop.create_task(self._leave(self.before_leaving))

    async def _leave(self, finish: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(IN_FLIGHT):
                await asyncio.sleep(random.uniform(0, SPREAD))  # noqa: S311  (not a secret)
                await finish()
        except TimeoutError:
            pass
        finally:
            super().shutdown()
