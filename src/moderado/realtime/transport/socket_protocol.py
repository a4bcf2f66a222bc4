"""The WebSocket protocol of a connection, whose refusals are the product's own.

The library answers a refused handshake with an English sentence that quotes the request, and puts
such a sentence into the frame that closes a connection.
"""

import email.utils
from http import HTTPStatus
from typing import Any, Self

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from moderado.core import metrics
from moderado.realtime.transport import http_refusals
from moderado.realtime.transport.http_refusals import Refusal
from moderado.realtime.wire.close_codes import CLOSE_REASONS, PING_TIMEOUT

_REFUSALS: dict[int, Refusal] = {
    HTTPStatus.FORBIDDEN: http_refusals.FOREIGN_ORIGIN,
    HTTPStatus.METHOD_NOT_ALLOWED: http_refusals.METHOD_NOT_ALLOWED,
    HTTPStatus.UPGRADE_REQUIRED: http_refusals.UPGRADE_REQUIRED,
    HTTPStatus.INTERNAL_SERVER_ERROR: http_refusals.UNAVAILABLE,  # mostly a server that stops
}
_REASONS: dict[int, str] = {code: why.name for code, why in CLOSE_REASONS.items()}
_WORDS = {"keepalive ping timeout": PING_TIMEOUT}  # of uvicorn: 1011 without an internal error


class SocketProtocol(ServerProtocol):
    """One connection's handshake and frames, without extensions or subprotocols."""

    __slots__ = ("request",)

    def __init__(self, *args: Any, **options: Any) -> None:
        self.request: Request | None = None  # the handshake, once it is read and until it succeeds
        super().__init__(*args, **options)

    @classmethod
    def instead_of(cls, unused: ServerProtocol, *, max_size: int | None) -> Self:
        """Return a protocol in place of `unused`, whose memory is free at once.

        Args:
            unused: A protocol that has read nothing. Its generator refers to it: a cycle.
            max_size: The largest message, in bytes.
        """
        unused.parser.close()
        return cls(max_size=max_size, logger=unused.logger)

    def accept(self, request: Request) -> Response:
        """Return the response to a handshake: 101, or why it is refused."""
        self.request = request
        response = super().accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            return response
        code = self._refusal(response.status_code).code
        metrics.REFUSED.labels(entry_point="ws", code=code).inc()
        return self.reject(response.status_code, "")

    def reject(self, status: int, text: str) -> Response:
        """Return the response to a handshake that is refused with `status`."""
        refusal = self._refusal(status)
        sent = self.request.headers.raw_items() if self.request is not None else ()
        fields, body = refusal.content(
            [(name.lower().encode(), value.encode("latin-1")) for name, value in sent]
        )
        headers = Headers([("date", email.utils.formatdate(usegmt=True)), *fields])
        return Response(refusal.status.value, refusal.status.phrase, headers, body)

    def send_close(self, code: int | None = None, reason: str = "") -> None:
        """Close with `reason`, or with the name of `code`."""
        super().send_close(code, reason or _REASONS.get(code or 0, ""))

    def fail(self, code: int, reason: str = "") -> None:
        """Close with a stable word for the library's `reason`: mostly the name of `code`."""
        super().fail(code, _WORDS.get(reason) or _REASONS.get(code, ""))

    def _refusal(self, status: int) -> Refusal:
        error = self.handshake_exc
        if isinstance(error, InvalidHeader) and error.name == "Sec-WebSocket-Version":
            return http_refusals.UPGRADE_REQUIRED  # which names the version (RFC 6455, 4.4)
        return _REFUSALS.get(status, http_refusals.BAD_HANDSHAKE)
