"""Client input cannot create a log line, and no log line quotes it."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from websockets.sync.client import connect

from tests import factories, processes
from tests.factories import token_of
from tests.security.hostile.strings import LINES, MARK

pytestmark = pytest.mark.django_db(transaction=True)

FORGED = f"{MARK}{''.join(LINES)}"
HEADERS = (
    "User-Agent", "Referer", "X-Request-ID", "X-Correlation-ID", "X-Forwarded-For", "Cookie",
    "Accept-Language", "Authorization", "Origin", "Traceparent", "X-CSRFToken",
)  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("web") / "log"


@pytest.fixture(scope="module")
def url(django_db_setup: None, log) -> Iterator[str]:
    with processes.web(log, {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}) as url:
        yield url


def raw(url: str, request: bytes) -> None:
    """Send one raw request: client libraries refuse to write some of them."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(request)
        with suppress(ConnectionResetError):
            while connection.recv(65_536):
                pass


def request(url: str, method: str, path: str, body: Any = None, **headers: str) -> None:
    payload = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", "Connection: close",
             "Content-Type: application/json", f"Content-Length: {len(payload)}"]  # fmt: skip
    lines += [f"{name}: {value}" for name, value in headers.items()]
    raw(url, "\r\n".join([*lines, "", ""]).encode("utf-8", "replace") + payload)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
# Line, body and headers of requests that Django refuses before, around or in a view.
MISTAKES: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "a foreign host": ("GET /", b"", {"Host": f"{MARK}.example"}),
    "a foreign host of the API": ("GET /api/auth/users/me/", b"", {"Host": f"{MARK}.example"}),
    "no host": ("GET /", b"", {"Host": ""}),
    "a malformed host": ("GET /", b"", {"Host": f"<{MARK}>"}),
    "too many parameters": (f"GET /admin/login/?{'a=1&' * 1_100}", b"", {}),
    "a foreign origin": ("POST /admin/login/", b"a=1", FORM | {"Origin": f"http://{MARK}.example"}),
    "a malformed token": ("POST /admin/login/", b"a=1", FORM | {"Cookie": f"csrftoken={MARK}"}),
    "a broken form": ("POST /admin/login/", b"--x\r\nbroken", MULTIPART),
    "broken JSON": ("POST /api/auth/login/", b"{", {"Content-Type": "application/json"}),
    "a body of the wrong type": ("POST /api/auth/login/", b"<a/>", {"Content-Type": "text/xml"}),
    "malformed cookies": ("GET /", b"", {"Cookie": f"sessionid={MARK}%00;;==,"}),
    "a path outside": ("GET /static/../../etc/passwd", b"", {}),
    "a null in a path": ("GET /api/chat/rooms/%00/", b"", {}),
    "no method": ("BREW /", b"", {}),
    "no handshake": (
        "GET /ws/chat/",
        b"",
        {"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": MARK},
    ),
}


@pytest.mark.proves("S136")
def test_mistakes_of_clients_are_no_errors_of_the_server(url, log):
    for line, body, headers in MISTAKES.values():
        sent = {"Host": urlsplit(url).netloc, "Content-Length": str(len(body))} | headers
        head = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        if "Connection" not in headers:
            head.append("Connection: close")
        raw(url, "\r\n".join([*head, "", ""]).encode() + body)

    lines = written(log)
    refused = {line["reason"] for line in lines if line["event"] == "request_refused"}
    assert refused >= {"DisallowedHost", "TooManyFieldsSent", "csrf_origin", "csrf_token"}
    assert not [line for line in lines if line["level"] in {"error", "critical"}]
    assert not [line for line in lines if MARK in str({**line, "request": "", "path": ""})]


def written(log: Path) -> list[dict[str, Any]]:
    """Return the log lines of the program, each of which must be a JSON object."""
    return [json.loads(line) for line in log.read_text().splitlines() if line.strip()]


@pytest.mark.proves("S27")
def test_request_and_frame_fields_cannot_inject_log_lines(url, log):
    member = factories.make_member()
    token, room = token_of(member.user), f"/api/chat/rooms/{member.room_id}"
    signed_in = {"Authorization": f"Bearer {token}"}
    person = {"email": f"{FORGED}@example.org", "name": FORGED, "password": FORGED}

    for path in (f"/api/{quote(FORGED)}/", f"/{quote(FORGED)}", f"/ws/{quote(FORGED)}/"):
        request(url, "GET", path)
        request(url, quote(MARK), path)
    for name in HEADERS:
        one_line = FORGED.replace("\n", " ").replace("\r", " ")
        request(url, "GET", "/api/auth/users/me/", **{name: one_line})
        request(url, "GET", "/api/auth/users/me/", **{name: quote(FORGED)})
        request(url, "GET", "/api/auth/users/me/", **{name: FORGED})  # breaks the request itself
    request(url, "GET", f"/api/auth/users/?search={quote(FORGED)}", **signed_in)
    request(url, "GET", f"{room}/search/?q={quote(FORGED)}", **signed_in)
    for path in ("/api/auth/register/", "/api/auth/login/", "/api/auth/refresh/"):
        request(url, "POST", path, person | {"refresh": FORGED})
    request(url, "POST", "/api/chat/rooms/", {"name": FORGED}, **signed_in)
    request(url, "POST", f"{room}/messages/", {"content": FORGED, "client_id": "1"}, **signed_in)
    request(url, "PATCH", "/api/auth/users/me/", {"name": FORGED[:60]}, **signed_in)
    with connect(f"{url.replace('http', 'ws')}/ws/chat/?token={token}", proxy=None) as at_ana:
        for field in ("type", "message", "client_id", "room", MARK):
            frame = {"type": "chat_message", "message": "x", field: FORGED}
            at_ana.send(json.dumps(frame))
        while '"pong"' not in str(at_ana.recv(timeout=10)):
            at_ana.send('{"type":"ping"}')
    raw(url, b"\x16\x03\x01\x02\x00 no HTTP " + FORGED.encode() + b"\r\n\r\n")

    lines = written(log)
    text = log.read_text()
    assert sum(line.get("event") == "request_finished" for line in lines) >= 22
    assert not [line for line in lines if line.get("event") == "all_is_lost"]
    assert not [line for line in lines if MARK in str({**line, "request": "", "path": ""})]
    assert all(char.isprintable() or char == "\n" for char in text)
