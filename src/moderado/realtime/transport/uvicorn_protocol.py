"""uvicorn's WebSocket protocol with direct writes, limits for each frame, and orderly shutdown.

`config.gunicorn` names it as the class that serves WebSockets. A client's bytes are parsed a few
frames in each turn of the event loop. Control frames and fragments, which the application does not
see, are limited here (ADR 0040).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from moderado.core import metrics
from moderado.core.wire_limits import LINGER_BYTES
from moderado.realtime.infra.token_bucket import TokenBucket
from moderado.realtime.transport.client_frames import ClientFrame, find_frame, new_control_bucket
from moderado.realtime.transport.kernel import acknowledged_bytes, limit_send_buffer
from moderado.realtime.transport.leaving import finish_in_time
from moderado.realtime.transport.socket_protocol import SocketProtocol
from moderado.realtime.wire.close_codes import ABNORMAL_CLOSURE, CloseCode

log = structlog.get_logger(__name__)

CLOSE_TIMEOUT = 1.0  # seconds for the close frame to a peer that no longer answers
READ_AHEAD = 2  # messages of a client that may wait; then no more is read from it
MAX_CONTROL_BYTES = 127  # of a ping: a peer that acknowledges no more than it has not read on
FRAMES_A_TURN = 8  # frames of one client that are parsed before the event loop goes on


class ChatProtocol(WebSocketsSansIOProtocol):
    """One client's connection.

    The application finds it in the scope, as the extension `moderado.transport`, and sets
    `before_leaving`: a coroutine function that finishes what the connection has begun.
    """

    conn: SocketProtocol
    # uvicorn's own attributes fill their dictionary: more would double it.
    __slots__ = (
        "_acknowledged_before",
        "_at",
        "_bucket",
        "_has_spoken",
        "_input",
        "_leaving",
        "_next_turn",
        "_pong",
        "_rest",
        "before_leaving",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn = SocketProtocol.instead_of(self.conn, max_size=self.config.ws_max_size)
        self.before_leaving: Callable[[], Awaitable[None]] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._input = b""  # received and not parsed; while a whole frame waits, reading is paused
        self._at = 0  # where the unparsed part of `_input` begins
        self._rest = 0  # bytes of the current frame that are to come; at the end: to be discarded
        self._bucket: TokenBucket | None = None
        self._pong = b""  # the latest that could not be written yet
        self._next_turn: asyncio.Handle | None = None
        self._has_spoken = False  # since the last ping
        self._acknowledged_before = 0

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        limit_send_buffer(self.transport)
        if self.handshake_initiated and hasattr(self, "scope"):
            self.scope["extensions"]["moderado.transport"] = self  # type: ignore[assignment]  # ours

    async def send(self, message: Any) -> None:
        if self.handshake_complete:
            await super().send(message)
            if self.close_sent:
                self._go_on()  # to the peer's close frame
            return
        # uvicorn logs the query string of the handshake, and a token may stand in it.
        self.scope = {**self.scope, "query_string": b""}
        await super().send(message)
        if self.handshake_complete:
            del self.response, self.scope, self.request  # which nothing reads any more
            self.conn.request = None
            self._go_on()

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self._go_on()
        return message

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            super().data_received(data)
            return
        if self.transport.is_closing():
            return
        if self.disconnected:
            self._rest -= len(data)
            if self._rest < 0:
                self.abort()
            return
        self._has_spoken = True
        self._input = self._input[self._at :] + data if self._input else data
        self._at = 0
        self._parse()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._drop_input()
        self.before_leaving = None  # it refers to this object: memory is free at once
        self.conn.parser.close()  # a generator that refers to its connection

    def write_now(self, frames: bytes) -> bool:
        """Write encoded frames past uvicorn's own encoding, which is half the cost of a delivery.

        Returns:
            False if nothing was written, because the peer is slow or the connection closes.
        """
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True

    def acknowledged(self) -> int:
        """Return how many bytes the peer has acknowledged; 0 if that is not known."""
        return acknowledged_bytes(self.transport)

    def abort(self) -> None:
        """Cut the connection. A peer that reads nothing would otherwise keep it open for ever."""
        self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        if len(self.frames) > 1:  # a list of empty fragments would grow for ever
            self.frames = [b"".join(self.frames)]

    def handle_ping(self) -> None:
        """Answer, or only the latest ping if the peer does not read (RFC 6455, section 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._pong = b"".join(self.conn.data_to_send())

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._pong and not self.close_sent:
            self.transport.write(self._pong)
        self._pong = b""

    def send_receive_event_to_app(self) -> None:
        """Queue a message, as uvicorn does, with two differences.

        Text that is not UTF-8 reaches the application, which answers with an `error`; uvicorn
        closes with 1007. Reading pauses only when messages wait; uvicorn pauses for each message.
        """
        data = b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return  # the application reads no more
        kind: str = self.curr_msg_data_type
        try:
            content: bytes | str = data.decode() if kind == "text" else data
        except UnicodeDecodeError:
            kind, content = "bytes", data
        self.queue.put_nowait({"type": "websocket.receive", kind: content})  # type: ignore[arg-type]
        if self.queue.qsize() >= READ_AHEAD:
            self._pause()

    def send_keepalive_ping(self) -> None:
        super().send_keepalive_ping()
        self._has_spoken = False
        self._acknowledged_before = self.acknowledged()

    def keepalive_timeout(self) -> None:
        """Close, unless the peer still takes what was written before the ping, or has spoken."""
        acknowledged = self.acknowledged()
        is_reading = acknowledged > self._acknowledged_before + MAX_CONTROL_BYTES
        if (is_reading or self._has_spoken or self.read_paused) and not self.close_sent:
            self._acknowledged_before, self._has_spoken = acknowledged, False
            self.pong_timer = self.loop.call_later(self.ping_timeout or 0, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self.loop.call_later(CLOSE_TIMEOUT, self.abort)

    def shutdown(self) -> None:
        """Close with 1012 after what the connection has begun is finished."""
        if self.before_leaving is None:
            super().shutdown()
        elif self._leaving is None:
            self._leaving = self.loop.create_task(self._leave(self.before_leaving))

    def _parse(self) -> bool:
        """Parse a few frames; the event loop goes on before those that follow.

        Returns:
            Whether more may be read from the client.
        """
        if not self.handshake_complete:
            self._pause()  # a frame before the handshake's answer would be answered before it
            return False
        for _ in range(FRAMES_A_TURN):
            if not self._input or not self._has_room() or not self._parse_frame():
                return self._has_room()
        if self._input:
            self._pause()
            self._go_on()
        return not self._input and self._has_room()

    def _parse_frame(self) -> bool:
        """Parse one frame, or as much of it as was received. False if nothing can be parsed."""
        data, at = self._input, self._at
        end = at + self._rest
        if not self._rest:
            frame = find_frame(data, at)
            if frame is None or self._is_refused(frame):
                return False
            end = frame.end
        self._rest = max(0, end - len(data))
        self._at = min(end, len(data))
        piece = data if at == 0 and self._at == len(data) else data[at : self._at]
        if self._at == len(data):
            self._input, self._at = b"", 0
        super().data_received(piece)
        return True

    def _is_refused(self, frame: ClientFrame) -> bool:
        """Close instead of parsing a frame that no parser refuses, or too many for nothing."""
        if frame.is_valid:
            if frame.is_message and not self.close_sent:
                return False
            self._bucket = self._bucket or new_control_bucket(self.loop.time())
            if self._bucket.take(self.loop.time()) <= 0:
                return False
            metrics.DROPPED.labels(kind="flooding_socket").inc()
            log.info("flooding_socket_closed")
        if not self.close_sent:
            self.conn.fail(CloseCode.FLOODING if frame.is_valid else CloseCode.PROTOCOL_ERROR)
        self._end()  # without waiting for a peer that floods to read it
        return True

    def _end(self) -> None:
        """Write the close frame, and discard for a while what the client is still sending.

        It would get a reset instead of the close frame if the connection were closed at once.
        """
        code = self.conn.close_sent.code if self.conn.close_sent else ABNORMAL_CLOSURE
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self.disconnected = True
        self.stop_keepalive()
        self._drop_input()
        self._rest = LINGER_BYTES
        self.transport.write_eof()
        self._read_on()
        # Without a timer uvicorn closes at once, when the application has ended.
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT, self.abort)

    handle_parser_exception = _end

    def _has_room(self) -> bool:
        return self.close_sent or self.queue.qsize() < READ_AHEAD

    def _pause(self) -> None:
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def _read_on(self) -> None:
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def _go_on(self) -> None:
        """Parse what was received, then read on, in a turn of its own of the event loop."""
        if self._next_turn is None:
            self._next_turn = self.loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._next_turn = None
        if not self.transport.is_closing() and self._parse():
            self._read_on()

    def _drop_input(self) -> None:
        self._input, self._at, self._rest = b"", 0, 0

    async def _leave(self, finish: Callable[[], Awaitable[None]]) -> None:
        await finish_in_time(finish, self.transport)
        if self.transport.is_closing():
            return
        if not self.close_sent:
            self.conn.send_close(CloseCode.SERVICE_RESTART)
            self._end()  # a reset would take from the client what it has not read
        elif self.close_timer is not None:  # closed before, for another reason
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(CLOSE_TIMEOUT, self.abort)
