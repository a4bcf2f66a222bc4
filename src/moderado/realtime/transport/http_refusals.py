"""Responses to requests that are refused before the application sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header

from moderado.core.vendor_errors import shaped

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status with a stable code and a sentence for people."""

    status: HTTPStatus
    code: str
    detail: Promise

    def response(self, headers: Headers = (), *, path: str = "") -> bytes:
        """Return the whole response, in the language of the request's headers.

        Args:
            headers: Those that arrived.
            path: The path of the request, if it is known: it decides the shape of the body.
        """
        with translation.override(_language(headers)):
            error = {"code": self.code, "detail": str(self.detail)}
        body = msgspec.json.encode(shaped(path, self.status, error))
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "connection: close",
        ]
        if self.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            lines.append("retry-after: 1")
        return "\r\n".join([*lines, "", ""]).encode() + body


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
)
TOO_MANY = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    _("The service is busy. Nothing was lost: try again in a moment."),
)


def _language(headers: Headers) -> str:
    """Return the first supported language of Accept-Language, otherwise the default."""
    accepted = b",".join(value for name, value in headers if name == b"accept-language")
    for code, _priority in parse_accept_lang_header(accepted.decode("latin-1")):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)
