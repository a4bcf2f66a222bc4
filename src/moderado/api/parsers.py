"""Parsers of request bodies: JSON in UTF-8, of limited size and depth, never compressed."""

from collections.abc import Mapping
from typing import IO, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.utils import json

from moderado.core.wire_limits import MAX_BODY_BYTES


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = _("The request is too large.")


class EncodedBody(APIException):
    """The body is compressed, or encoded in another way (RFC 9110, 8.4 and 15.5.16)."""

    status_code = 415
    default_code = "unsupported_encoding"
    default_detail = _("Send the body as it is, without the header `Content-Encoding`.")


class BoundedBody(BaseParser):
    """The body as it is, of at most `limit` bytes.

    One with a `Content-Encoding` is refused before it is read: what it holds may be of any size.
    """

    media_type = "application/json"
    limit: ClassVar[int] = MAX_BODY_BYTES

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        if _is_encoded(parser_context):
            raise EncodedBody
        body = stream.read(self.limit + 1)
        if len(body) > self.limit:
            raise TooLarge
        return body


class BoundedJSON(BoundedBody):
    """Strict JSON. A bad body is a 400 or a 413, never a failure.

    A field that is given twice is refused, as in frames: each reader may take another of the two.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = super().parse(stream, media_type, parser_context)
        try:
            return strict_json(body)
        except RepeatedField:
            raise ParseError(_("A field was given twice.")) from None
        except (ValueError, RecursionError):
            # The parser's message may quote the body, so it is not part of the response.
            raise ParseError(_("The body is not valid JSON.")) from None


def _is_encoded(parser_context: Mapping[str, Any] | None) -> bool:
    request = (parser_context or {}).get("request")
    encoding = "" if request is None else request.headers.get("Content-Encoding", "")
    return encoding.strip().lower() not in {"", "identity"}


class RepeatedField(Exception):
    """An object has two fields of one name."""


def strict_json(body: bytes) -> Any:
    """Return the value of a body.

    Raises:
        RepeatedField: An object gives a field twice.
        ValueError: The body is not JSON in UTF-8.
        RecursionError: It is too deep.
    """
    return json.loads(body.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RepeatedField
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)
