"""uvicorn's HTTP protocol with limits of size, time and number, before the application runs.

`config.gunicorn` names it, so that an instance without a reverse proxy is safe. uvicorn limits
neither heads nor bodies, and waits for ever for both. Numbers: `core.wire_limits` (ADR 0042).
"""

from enum import Enum, auto
from typing import Any, NoReturn, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from websockets.exceptions import SecurityError

from moderado.core import metrics
from moderado.core.wire_limits import (
    BODY_SECONDS,
    HEAD_SECONDS,
    KIB,
    LINGER_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    MIN_CHUNK_BYTES,
    MIN_READ_BYTES,
    READ_SECONDS,
)
from moderado.realtime.transport import http_head, http_refusals
from moderado.realtime.transport.http_connections import connections_of
from moderado.realtime.transport.http_refusals import Refusal
from moderado.realtime.transport.kernel import limit_send_buffer
from moderado.realtime.transport.uvicorn_protocol import ChatProtocol
from moderado.realtime.wire.paths import is_socket

LINE_OVERHEAD = 4  # ": " and the line's end
FREE_CHUNKS = 64  # of any size
CHUNK_OVERHEAD = 32 * KIB  # bytes on the wire beyond those of the body
LINGER_SECONDS = 2  # while what a refused client still sends is discarded


class Phase(Enum):
    """What is received next."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()  # refused: what arrives is discarded


class _Refused(Exception):
    """Stops the parser. It never leaves this module."""


class HttpProtocol(HttpToolsProtocol):
    """One client's HTTP connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = connections_of(self.server_state, self.loop)
        self._phase = Phase.HEAD
        self._deadline: float | None = None
        self._received = 0  # bytes of this head, of this body on the wire, or discarded
        self._is_socket = False  # the path of the request is one of a WebSocket
        self._head_size = self._fields = self._body_size = self._body_limit = self._chunks = 0
        self._refusal: Refusal | None = None
        self._answered: RequestResponseCycle | None = None  # the request that is; `cycle`: the last
        self._unread, self._unread_at = 0, 0.0  # when the client was last seen to read enough

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        limit_send_buffer(transport)
        self._deadline = self.loop.time() + HEAD_SECONDS
        refusal = self._connections.admit(self, self.client[0] if self.client else None)
        if refusal is not None:
            self._phase = Phase.NOTHING
            metrics.REFUSED.labels(entry_point="http", code=refusal.code).inc()
            transport.write(refusal.response())
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        self._disconnect(self._answered)  # uvicorn tells only that of the last request
        super().connection_lost(exc)
        self.cycle = self._answered = None  # type: ignore[assignment]  # they refer to this object

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.NOTHING:
            self._discard(data)
            return
        self._unset_keepalive_if_required()
        if self._phase is Phase.HEAD and not self._received:
            self._deadline = self.loop.time() + HEAD_SECONDS
        self._received += len(data)
        try:
            self.parser.feed_data(data)
            self._check_received()
        except httptools.HttpParserUpgrade as end:
            self._upgrade(data[end.args[0] :])
        except (httptools.HttpParserError, _Refused):
            self._refuse(self._refusal or http_refusals.MALFORMED)

    def handle_websocket_upgrade(self) -> None:
        self._connections.remove(self)
        super().handle_websocket_upgrade()
        session = cast("ChatProtocol", self.transport.get_protocol())
        if not session.handshake_initiated:
            self._refuse_handshake(session.conn.handshake_exc)
        self.parser = None  # type: ignore[assignment]  # it refers to this object, and reads no more

    # Callbacks of the parser. An exception stops it.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_size = self._fields = 0
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(http_refusals.MALFORMED)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._phase is Phase.HEAD:  # those after a chunked body are discarded (RFC 9110, 6.5.1)
            super().on_header(name, value)
        self._count_head(len(name) + len(value) + LINE_OVERHEAD)

    def on_headers_complete(self) -> None:
        parser, version = self.parser, self.parser.get_http_version()
        target = http_head.read_head(
            method=parser.get_method(), url=self.url, version=version, headers=self.headers
        )
        if target is None:
            self._stop(http_refusals.MALFORMED)
        self.url = target
        path = unquote(target.partition(b"?")[0].decode("latin-1"))
        self._is_socket = is_socket(path)
        if self._is_other_upgrade() and not self._is_socket:
            return  # the body comes after `_upgrade`
        is_handshake = parser.should_upgrade() and self._should_upgrade()
        if self._is_socket and not (is_handshake and version == "1.1"):
            self._stop(http_refusals.UPGRADE_REQUIRED)
        self._body_limit = http_head.body_limit(path)
        if self._content_length() > self._body_limit:
            self._stop(http_refusals.BODY_TOO_LARGE)
        super().on_headers_complete()  # first: it refuses an address that it cannot read
        if version == "1.0" and not is_handshake:
            http_head.answer_1_0(self.cycle)
        self._connections.working(self)
        self._phase, self._received, self._body_size, self._chunks = Phase.BODY, 0, 0, 0
        self._deadline = self.loop.time() + BODY_SECONDS

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        self._chunks += 1
        are_chunks_tiny = self._chunks > FREE_CHUNKS + self._body_size / MIN_CHUNK_BYTES
        if self._body_size > self._body_limit or are_chunks_tiny:
            self._stop(http_refusals.BODY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_other_upgrade():
            return
        super().on_message_complete()
        self._phase, self._received, self._deadline = Phase.HEAD, 0, None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline:
            self._connections.idle(self)

    def resume_writing(self) -> None:
        self._unread_at = self.loop.time()  # the client has read most of what waited
        super().resume_writing()

    # For `HttpConnections`.

    def expire(self, now: float) -> None:
        if self._deadline is not None and now >= self._deadline:
            if self._phase is Phase.NOTHING:
                self.abort()
            elif self._phase is Phase.HEAD and not self._received:
                self.transport.close()
            else:
                self._refuse(http_refusals.TOO_SLOW)
        self._expire_reading(now)

    def unread_bytes(self) -> int:
        return 0 if self.transport.is_closing() else self.transport.get_write_buffer_size()

    def abort(self) -> None:
        self.transport.abort()

    def _expire_reading(self, now: float) -> None:
        """Abort a client that does not read its response at the least rate."""
        unread = self.transport.get_write_buffer_size()
        if not unread or unread <= self._unread - MIN_READ_BYTES or not self._unread:
            self._unread, self._unread_at = unread, now
        elif now - self._unread_at >= READ_SECONDS:
            metrics.DROPPED.labels(kind="slow_response").inc()
            self.abort()

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD_BYTES or self._fields > MAX_HEADERS:
            self._stop(http_refusals.HEAD_TOO_LARGE)

    def _content_length(self) -> int:
        """Return the announced size of the body. The parser has checked that it is a number."""
        return next((int(value) for name, value in self.headers if name == b"content-length"), 0)

    def _check_received(self) -> None:
        """Refuse what the parser's callbacks do not see: lines without end, sizes of chunks."""
        if self._phase is Phase.HEAD and self._received > MAX_HEAD_BYTES:
            self._stop(http_refusals.HEAD_TOO_LARGE)
        if self._phase is Phase.BODY and self._received > 2 * self._body_limit + CHUNK_OVERHEAD:
            self._stop(http_refusals.BODY_TOO_LARGE)

    def _stop(self, refusal: Refusal) -> NoReturn:
        self._refusal = refusal
        raise _Refused

    def _is_other_upgrade(self) -> bool:
        return bool(self.parser.should_upgrade()) and not self._should_upgrade()

    def _upgrade(self, rest: bytes) -> None:
        """Become a socket. Any other upgrade is not offered: the request is answered as it is.

        `rest` follows the head: the parser does not read on, not even a body.
        """
        if not self._should_upgrade():
            self._read_again(rest)
        elif not self._is_socket or self._under_way():
            self._refuse(http_refusals.NO_SUCH_SOCKET)
        else:
            self.handle_websocket_upgrade()
            if rest:
                cast("ChatProtocol", self.transport.get_protocol()).data_received(rest)

    def _read_again(self, rest: bytes) -> None:
        """Parse the request without its `upgrade`."""
        head = http_head.without_upgrade(self.parser, self.url, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._received = 0
        self.data_received(head + rest)

    def _refuse_handshake(self, error: Exception | None) -> None:
        """Answer a head that is no handshake: uvicorn would wait for more of it, for ever.

        Its parser takes no body, and lines of 8 KiB.
        """
        is_large = isinstance(error, SecurityError)
        refusal = http_refusals.HEAD_TOO_LARGE if is_large else http_refusals.MALFORMED
        metrics.REFUSED.labels(entry_point="http", code=refusal.code).inc()
        self.transport.write(refusal.response(self.headers))
        self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, discard what still arrives, and close. If an answer is under way, it is last."""
        if self.transport.is_closing():
            return
        metrics.REFUSED.labels(entry_point="http", code=refusal.code).inc()
        is_body, self._phase, self._received = self._phase is Phase.BODY, Phase.NOTHING, 0
        self._deadline = self.loop.time() + LINGER_SECONDS
        self._unset_keepalive_if_required()
        if is_body and not (self.pipeline or self.cycle.response_started):
            self._disconnect(self.cycle)
        elif answered := self._under_way():
            self.pipeline.clear()
            answered.keep_alive, self._deadline = False, None
            return
        elif is_body:
            self.transport.close()
            return
        path = getattr(self, "url", b"").decode("latin-1")  # none before the first request line
        is_head = bool(path) and self.parser.get_method() == b"HEAD"
        self.transport.write(refusal.response(self.headers or (), path=path, is_head=is_head))
        self.transport.write_eof()
        self.flow.resume_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _under_way(self) -> RequestResponseCycle | None:
        """Return the request whose response is not complete, if there is one."""
        answered = self._answered
        return None if answered is None or answered.response_complete else answered

    @staticmethod
    def _disconnect(cycle: RequestResponseCycle | None) -> None:
        """Let the application learn that the client has gone: what it writes goes nowhere."""
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()

    def _discard(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > LINGER_BYTES:
            self.abort()
