"""The origin of the page that connects, and the credentials of the handshake."""

import pytest

from moderado.realtime.session import auth

OURS = "localhost:8000"


def scope(origin: str | None, *, host: str = OURS, scheme: str = "ws", cookie: str = ""):
    headers = [(b"host", host.encode()), (b"cookie", cookie.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return {"type": "websocket", "scheme": scheme, "headers": headers, "query_string": b""}


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "foreign"),
    [
        (None, OURS, "ws", False),
        ("http://localhost:8000", OURS, "ws", False),
        ("HTTP://LocalHost:8000", OURS, "ws", False),
        ("http://localhost", "localhost", "ws", False),
        ("http://localhost:80", "localhost", "ws", False),
        ("https://localhost", "localhost:443", "wss", False),
        ("http://[::1]:8000", "[::1]:8000", "ws", False),
        ("https://localhost:8000", OURS, "ws", True),
        ("http://localhost:8000", OURS, "wss", True),
        ("http://localhost:8001", OURS, "ws", True),
        ("http://localhost", OURS, "ws", True),
        ("http://localhost.evil.com:8000", OURS, "ws", True),
        ("http://evil.com", "evil.com", "ws", True),
        ("http://user@localhost:8000", OURS, "ws", True),
        ("http://localhost:8000/path", OURS, "ws", True),
        ("http://localhost:99999", OURS, "ws", True),
        ("null", OURS, "ws", True),
        ("", OURS, "ws", True),
        ("http://", OURS, "ws", True),
        ("http://localhost:8000", "", "ws", True),
    ],
)
def test_origin_must_match_exactly(origin, host, scheme, foreign):
    assert auth.is_foreign(scope(origin, host=host, scheme=scheme)) is foreign


def test_repeated_origin_header_is_foreign():
    twice = scope("http://localhost:8000")
    twice["headers"].append((b"origin", b"http://localhost:8000"))

    assert auth.is_foreign(twice)


@pytest.mark.parametrize(
    ("origin", "cookie", "taken"),
    [
        ("http://localhost:8000", "sessionid=abc", "abc"),
        ("http://localhost:8000", "other=1; sessionid=abc", "abc"),
        ("http://localhost:8000", "sessionid=", None),
        ("http://localhost:8000", "", None),
        ("http://localhost:8000", "\x00;;==", None),
        ("http://localhost:9000", "sessionid=abc", None),
        (None, "sessionid=abc", None),
    ],
)
def test_cookie_counts_for_the_own_origin_only(origin, cookie, taken):
    assert auth.handshake_of(scope(origin, cookie=cookie)).cookie == taken


@pytest.mark.parametrize("query", [b"", b"ticket=", b"a=1&" * 20, b"\xff\xfe", b"ticket=%ff"])
def test_malformed_query_is_read_without_an_error(query):
    handshake = auth.handshake_of({**scope(None), "query_string": query})

    assert handshake.token is None
