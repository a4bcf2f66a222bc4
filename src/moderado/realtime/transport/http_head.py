"""What a request's head must be, beyond what the parser checks (RFC 9112, sections 3, 6 and 7).

A proxy that reads a head in another way than this server lets a client hide a request inside
another one. What can be read in two ways is therefore refused.
"""

import re
from typing import Any

from moderado.core.wire_limits import BODY_LIMITS

Headers = list[tuple[bytes, bytes]]

_VERSIONS = ("1.0", "1.1")
# A name, an IPv4 or an IPv6 address, and a port (RFC 3986, section 3.2.2). Django compares it with
# `ALLOWED_HOSTS`.
_HOST = re.compile(rb"(?:[\w.~!$&'()*+,;=%-]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5})?)?", re.ASCII)
_ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
_MAX_PORT = 65_535


def read_head(*, method: bytes, url: bytes, version: str, headers: Headers) -> bytes | None:
    """Check a head and bring its target into the origin form.

    Args:
        method: In upper case.
        url: The request target as it was sent.
        version: That of HTTP.
        headers: With names in lower case. An authority in `url` replaces their `host`.

    Returns:
        The path with the query, or None for a head that has to be refused.
    """
    if version not in _VERSIONS or b"#" in url:
        return None
    codings = _values(headers, b"transfer-encoding")
    if codings and (version == "1.0" or [each.lower() for each in codings] != [b"chunked"]):
        return None
    hosts = _values(headers, b"host")
    if len(hosts) > 1 or (version == "1.1" and not hosts) or not all(map(_is_host, hosts)):
        return None
    return _origin_form(method, url, headers)


def without_upgrade(parser: Any, url: bytes, headers: Headers) -> bytes:
    """Return the head that `parser` has read, without its `upgrade`."""
    version = parser.get_http_version().encode()
    lines = [b"%s %s HTTP/%s" % (parser.get_method(), url, version)]
    lines += [b"%s: %s" % each for each in headers if each[0] != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])


def body_limit(path: str) -> int:
    """Return the largest size, in bytes, of the body of a request to `path`."""
    return next(limit for beginning, limit in BODY_LIMITS if path.startswith(beginning))


def _origin_form(method: bytes, url: bytes, headers: Headers) -> bytes | None:
    if url.startswith(b"/") or (url == b"*" and method == b"OPTIONS"):
        return url
    absolute = _ABSOLUTE.fullmatch(url)
    if absolute is None or not _is_host(absolute[1]):
        return None
    headers[:] = [each for each in headers if each[0] != b"host"]
    headers.append((b"host", absolute[1]))  # RFC 9112, section 3.2.2: the header is ignored
    return absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]


def _is_host(value: bytes) -> bool:
    host = _HOST.fullmatch(value)
    return host is not None and int(host[1] or 0) <= _MAX_PORT


def _values(headers: Headers, wanted: bytes) -> list[bytes]:
    return [value.strip(b" \t") for name, value in headers if name == wanted]


class _Unknown(int):
    """A length that is not known: no part is longer, and it is over when the response is."""

    def __lt__(self, _other: int) -> bool:
        return False

    def __sub__(self, _other: int) -> "_Unknown":
        return self

    def __ne__(self, _other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


def answer_1_0(cycle: Any) -> None:
    """Let a response to HTTP/1.0 end with the connection, and nothing come before it.

    Such a client knows neither chunks nor "100 Continue" (RFC 9112, 6.1; RFC 9110, 10.1.1). uvicorn
    sends both.
    """
    cycle.chunked_encoding, cycle.expected_content_length = False, _Unknown()
    cycle.waiting_for_100_continue = False
