"""Responses to requests that are refused before the application sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.core.errors import NotFound
from moderado.core.languages import language_of_headers
from moderado.core.vendor_errors import shaped

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status with a stable code and a sentence for people."""

    status: HTTPStatus
    code: str
    detail: str | Promise
    fields: tuple[tuple[str, str], ...] = ()  # header fields that this status needs

    def content(
        self, headers: Headers = (), *, path: str = ""
    ) -> tuple[list[tuple[str, str]], bytes]:
        """Return the header fields and the body, in the language of the request's headers.

        Args:
            headers: Those that arrived; their names are in lower case.
            path: The path of the request, if it is known: it decides the shape of the body.
        """
        with translation.override(language_of_headers(headers) or settings.LANGUAGE_CODE):
            error = {"code": self.code, "detail": str(self.detail)}
        body = msgspec.json.encode(shaped(path, self.status, error))
        fields = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("connection", "close"),
            *self.fields,
        ]
        return fields, body

    def response(self, headers: Headers = (), *, path: str = "", is_head: bool = False) -> bytes:
        """Return the whole response, to `HEAD` without its body.

        The other arguments are those of `content`.
        """
        fields, body = self.content(headers, path=path)
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in fields]
        return "\r\n".join([*lines, "", ""]).encode() + (b"" if is_head else body)


_RETRY = (("retry-after", "1"),)
_UPGRADE = (("upgrade", "websocket"), ("sec-websocket-version", "13"))


MALFORMED = Refusal(HTTPStatus.BAD_REQUEST, "malformed", _("The request is not valid HTTP."))
HEAD_TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    _("The address and the headers of the request are too large."),
)
BODY_TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _("The request is too large.")
)
TOO_SLOW = Refusal(
    HTTPStatus.REQUEST_TIMEOUT, "request_timeout", _("The request was not sent in time.")
)
TOO_MANY_OF_ADDRESS = Refusal(
    HTTPStatus.TOO_MANY_REQUESTS,
    "too_many_connections",
    _("Too many connections are open from this address."),
    _RETRY,
)
UNAVAILABLE = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    _("The service is busy. Nothing was lost: try again in a moment."),
    _RETRY,
)
# Of the handshake of a WebSocket.
BAD_HANDSHAKE = Refusal(
    HTTPStatus.BAD_REQUEST, "bad_handshake", _("The request is no valid WebSocket handshake.")
)
METHOD_NOT_ALLOWED = Refusal(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "method_not_allowed",
    _("A WebSocket is opened with GET."),
    (("allow", "GET"),),
)
UPGRADE_REQUIRED = Refusal(
    HTTPStatus.UPGRADE_REQUIRED,
    "upgrade_required",
    _("This address is a WebSocket of version 13: it needs HTTP/1.1 and its handshake."),
    _UPGRADE,
)
FOREIGN_ORIGIN = Refusal(
    HTTPStatus.FORBIDDEN, "foreign_origin", _("Pages of this origin may not connect here.")
)
NO_SUCH_SOCKET = Refusal(HTTPStatus.NOT_FOUND, NotFound.code, NotFound.message)
