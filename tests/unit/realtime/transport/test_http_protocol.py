"""uvicorn with the product's HTTP protocol: limits of size, time and number over real TCP."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from websockets.frames import Close, Frame, Opcode

from moderado.core import metrics
from moderado.core.wire_limits import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
)
from moderado.realtime.transport import http_connections, http_protocol
from tests.unit.realtime.transport.servers import serving

SECONDS = 1  # for what must happen at all
GET = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"


class Application:
    """Answers with the size of the body.

    `GET /held` waits; `GET /gone` waits for the client to go; `GET /large` answers with much.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []  # of the latest request
        self.has_gone = asyncio.Event()
        self.hold = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await serve_socket(receive, send)
            return
        self.paths.append(scope["path"])
        self.headers = scope["headers"]
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message["more_body"]
        if scope["path"] == "/held":
            await self.hold.wait()
        if scope["path"] == "/gone":
            assert (await receive())["type"] == "http.disconnect"
            self.has_gone.set()
            return
        body = b"x" * 8_000_000 if scope["path"] == "/large" else str(size).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def serve_socket(receive: Any, send: Any) -> None:
    """Take what arrives."""
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


class Client:
    """A raw TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        self.writer.write(request)
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the next response."""
        async with asyncio.timeout(SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, body

    async def refused(self) -> tuple[int, str]:
        """Return status and code of a refusal, after which the connection ends."""
        status, headers, body = await self.answer()
        assert headers["connection"] == "close"
        await self.ended()
        return status, json.loads(body)["code"]

    async def upgrade(self) -> None:
        """Become a socket."""
        self.writer.write(handshake({}))
        async with asyncio.timeout(SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")

    async def send_on(self, data: bytes) -> None:
        """Send until the server has ended the connection: a ConnectionError."""
        async with asyncio.timeout(SECONDS):
            while True:
                self.writer.write(data)
                await self.writer.drain()
                await asyncio.sleep(0)

    async def ended(self) -> bytes:
        """Wait for the end of the connection; return what came before."""
        async with asyncio.timeout(SECONDS):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@pytest.fixture
def application() -> Application:
    return Application()


@pytest_asyncio.fixture
async def connect(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[], Any]]:
    """Open a connection to a server that looks at its deadlines often."""
    monkeypatch.setattr(http_connections, "SWEEP_INTERVAL", 0.01)
    clients = []

    async def connect() -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        clients.append(client)
        return client

    async with running(application) as port:
        yield connect
        for client in clients:
            client.writer.close()


@asynccontextmanager
async def running(application: Application) -> AsyncIterator[int]:
    async with serving(application, http_protocol.HttpProtocol) as (_, port):
        yield port
        application.hold.set()


@pytest.fixture
def limited(settings):
    def limited(**limits):
        settings.ENV = settings.ENV.model_copy(update=limits)

    return limited


@pytest.fixture
def deadlines(monkeypatch):
    """Shorten deadlines of the protocol."""

    def deadlines(**seconds):
        for name, value in seconds.items():
            monkeypatch.setattr(http_protocol, name, value)

    return deadlines


@pytest.fixture
def dropped():
    """Wait until the server has cut this many clients off."""
    counter = metrics.DROPPED.labels(kind="slow_response")
    before = counter._value.get()

    async def dropped(number):
        async with asyncio.timeout(SECONDS):
            while counter._value.get() < before + number:
                await asyncio.sleep(0.001)

    return dropped


def post(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: x", *headers, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_request_within_the_limits_is_answered(connect):
    client = await connect()
    body = b"x" * MAX_BODY_BYTES

    sent = await client.ask(post("/api/chat/rooms/", f"content-length: {len(body)}") + body)
    chunked = await client.ask(
        post("/api/chat/rooms/", "transfer-encoding: chunked")
        + b"".join(chunk(b"y" * 1024) for _ in range(64))
        + b"0\r\n\r\n"
    )

    assert (sent[0], sent[2]) == (200, b"65536")
    assert (chunked[0], chunked[2]) == (200, b"65536")


@pytest.mark.proves("S44")
@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nx: " + b"a" * MAX_HEAD_BYTES,
        b"GET /" + b"a" * MAX_HEAD_BYTES,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEADERS + 2),
        b"GET / HTTP/1.1\r\n" + b"a" * MAX_HEAD_BYTES,
        b"GET / HTTP/1.1\r\n" + (b"a: " + b"b" * 1024 + b"\r\n") * 40 + b"\r\n",
    ],
    ids=["value without end", "address without end", "many headers", "name without end", "large"],
)
async def test_too_large_head_is_refused(connect, application, head):
    client = await connect()
    for at in range(0, len(head), 8_192):  # as it arrives over a network
        client.writer.write(head[at : at + 8_192])
        await client.writer.drain()

    assert await client.refused() == (431, "headers_too_large")
    assert application.paths == []


@pytest.mark.proves("S44")
async def test_empty_lines_before_a_request_are_limited(connect):
    client = await connect()
    client.writer.write(b"\r\n" * MAX_HEAD_BYTES)

    assert await client.refused() == (431, "headers_too_large")


@pytest.mark.proves("S44")
@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/api/auth/login/", 500_000_000),
        ("/api/auth/login/", 16 * 1024 + 1),
        ("/sign-in/", 16 * 1024 + 1),
        ("/api/chat/rooms/", MAX_BODY_BYTES + 1),
        ("/admin/login/", 256 * 1024 + 1),
    ],
)
async def test_body_is_refused_by_its_announced_length(connect, application, path, size):
    client = await connect()
    client.writer.write(post(path, f"content-length: {size}", "expect: 100-continue"))

    assert await client.refused() == (413, "too_large")
    assert application.paths == []


@pytest.mark.proves("S44")
@pytest.mark.parametrize(
    "body",
    [
        chunk(b"x" * 1024) * 17,
        chunk(b"x") * 17_000,
        b"1;" + b"a" * 200_000,
        b"0\r\n" + b"a: b\r\n" * (MAX_HEADERS + 2),
        b"0\r\na: " + b"b" * 200_000,
    ],
    ids=["many bytes", "tiny chunks", "extension without end", "many trailers", "endless trailer"],
)
async def test_chunked_body_is_counted(connect, body):
    client = await connect()
    client.writer.write(post("/api/auth/login/", "transfer-encoding: chunked") + body)

    status, code = await client.refused()

    assert (status, code) in {(413, "too_large"), (431, "headers_too_large")}


@pytest.mark.proves("S44")
async def test_refused_client_that_still_sends_gets_the_response(connect):
    client = await connect()
    client.writer.write(post("/api/auth/login/", "content-length: 1000000") + b"x" * 1_000_000)

    assert await client.refused() == (413, "too_large")


async def test_refused_client_that_never_stops_is_cut_off(connect):
    client = await connect()
    client.writer.write(post("/api/auth/login/", "content-length: 1000000000"))
    assert (await client.answer())[0] == 413

    with pytest.raises(ConnectionError):
        await client.send_on(b"x" * 65_536)


@pytest.mark.proves("S44")
@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.1\r\nhost: x\r\nx: "])
async def test_unfinished_head_is_refused_after_its_deadline(connect, deadlines, sent):
    deadlines(HEAD_SECONDS=0.05)
    client = await connect()
    client.writer.write(sent)

    assert await client.refused() == (408, "request_timeout")


@pytest.mark.proves("S44")
async def test_second_unfinished_head_of_a_connection_is_refused(connect, deadlines):
    client = await connect()
    assert (await client.ask(GET))[0] == 200
    deadlines(HEAD_SECONDS=0.05)  # the first head had its time, however slow the machine is
    client.writer.write(b"GET / HTTP/1.1\r\nx")

    assert await client.refused() == (408, "request_timeout")


@pytest.mark.proves("S44")
async def test_connection_without_a_request_is_closed(connect, deadlines):
    deadlines(HEAD_SECONDS=0.05)

    assert await (await connect()).ended() == b""


@pytest.mark.proves("S44")
async def test_unfinished_body_is_refused_after_its_deadline(connect, deadlines, application):
    deadlines(BODY_SECONDS=0.05)
    client = await connect()
    client.writer.write(post("/sign-in/", "content-length: 10") + b"half")

    assert await client.refused() == (408, "request_timeout")
    assert application.paths == ["/sign-in/"]


@pytest.mark.proves("S44")
async def test_response_that_is_not_read_ends(connect, deadlines, dropped):
    deadlines(READ_SECONDS=0.05)
    client = await connect()
    client.writer.transport.pause_reading()
    client.writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")

    await dropped(1)

    assert not await complete(client)


@pytest.mark.proves("S44")
async def test_unread_responses_of_all_clients_are_limited(connect, monkeypatch, dropped):
    monkeypatch.setattr(http_connections, "MAX_UNREAD_BYTES", 10_000_000)
    clients = [await connect() for _ in range(3)]
    for client in clients:
        client.writer.transport.pause_reading()
        client.writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        await client.writer.drain()

    await dropped(2)

    assert sorted([await complete(client) for client in clients]) == [False, False, True]


async def complete(client: Client) -> bool:
    """Read the response. Whether it arrived whole."""
    client.writer.transport.resume_reading()
    try:
        await client.answer()
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    return True


@pytest.mark.proves("S44")
async def test_address_with_too_many_requests_under_way_is_refused(connect, limited, application):
    limited(limit_connections_per_address=2)
    for _ in range(2):
        client = await connect()
        client.writer.write(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n")
    while len(application.paths) < 2:
        await asyncio.sleep(0.001)

    third = await connect()

    assert await third.refused() == (429, "too_many_connections")


@pytest.mark.proves("S44")
async def test_server_with_too_many_requests_under_way_is_refused(connect, limited, application):
    limited(limit_connections=1)
    client = await connect()
    client.writer.write(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n")
    while not application.paths:
        await asyncio.sleep(0.001)

    assert await (await connect()).refused() == (503, "unavailable")


@pytest.mark.proves("S44")
@pytest.mark.parametrize("limit", ["limit_connections", "limit_connections_per_address"])
async def test_waiting_connections_keep_nobody_out(connect, limited, limit):
    limited(**{limit: 3})
    slow = [await connect() for _ in range(3)]
    for client in slow:
        client.writer.write(b"GET / HTTP/1.1\r\nx: ")
        await client.writer.drain()

    newcomer = await connect()

    assert (await newcomer.ask(GET))[0] == 200
    assert await slow[0].ended() == b""


async def test_closed_connections_count_no_longer(connect, limited):
    limited(limit_connections_per_address=1)
    for _ in range(3):
        client = await connect()
        assert (await client.ask(GET))[0] == 200
        client.writer.close()
        await client.writer.wait_closed()


async def test_trusted_proxy_has_no_limit_of_an_address(connect, limited, settings, application):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    limited(limit_connections_per_address=1)
    client = await connect()
    client.writer.write(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n")
    while not application.paths:
        await asyncio.sleep(0.001)

    assert (await (await connect()).ask(GET))[0] == 200


async def test_few_pipelined_requests_are_answered_in_order(connect):
    client = await connect()
    client.writer.write(
        b"".join(post("/x/", f"content-length: {n}") + b"x" * n for n in range(MAX_PIPELINED))
    )

    bodies = [(await client.answer())[2] for _ in range(MAX_PIPELINED)]

    assert bodies == [str(n).encode() for n in range(MAX_PIPELINED)]


@pytest.mark.proves("S44")
async def test_many_pipelined_requests_end_the_connection(connect, application):
    client = await connect()
    client.writer.write(GET * 5_000)

    await client.ended()

    assert len(application.paths) <= MAX_PIPELINED + 1


@pytest.mark.proves("S96")
@pytest.mark.parametrize(
    "request_line",
    [
        b"\x16\x03\x01 not http",
        b"CONNECT other.example:443 HTTP/1.1",
        b"GET http://[::1/livez HTTP/1.1",
        b"GET livez HTTP/1.1",
    ],
)
@pytest.mark.parametrize("before", [0, 1])
async def test_malformed_request_is_refused(connect, request_line, before):
    client = await connect()
    for _ in range(before):
        await client.ask(GET)
    client.writer.write(request_line + b"\r\n\r\n")

    assert await client.refused() == (400, "malformed")


@pytest.mark.proves("S96")
@pytest.mark.parametrize(
    "rest",
    [b'{"text": "of a body without a length"}', GET * 5_000, post("/", "content-length: 9999999")],
    ids=["malformed", "too many", "too large"],
)
async def test_response_under_way_is_the_last_one(connect, application, rest):
    client = await connect()
    client.writer.write(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n" + rest)
    await client.writer.drain()
    while not application.paths:
        await asyncio.sleep(0.001)
    application.hold.set()

    status, headers, _ = await client.answer()

    assert (status, headers["connection"]) == (200, "close")
    await client.ended()
    assert application.paths == ["/held"]


@pytest.mark.proves("S96")
async def test_every_waiting_request_learns_that_its_client_has_gone(connect, application):
    client = await connect()
    client.writer.write(b"GET /gone HTTP/1.1\r\nhost: x\r\n\r\n" + GET)
    await client.writer.drain()
    while not application.paths:
        await asyncio.sleep(0.001)
    client.writer.transport.abort()

    async with asyncio.timeout(SECONDS):
        await application.has_gone.wait()


async def test_refusal_is_in_the_language_of_the_client(connect):
    client = await connect()
    head = post("/sign-in/", "accept-language: en-GB,en;q=0.9", "content-length: 1000000")
    client.writer.write(head)

    _, _, body = await client.answer()

    assert json.loads(body)["detail"] == "The request is too large."


@pytest.mark.proves("S139")
async def test_upgrade_that_is_not_offered_is_answered_as_http(connect):
    client = await connect()

    for body in (b"", b"x" * 5_000, b"x"):
        fields = ["connection: upgrade", "upgrade: h2c", f"content-length: {len(body)}"]
        status, _, answer = await client.ask(post("/livez", *fields) + body)
        assert (status, answer) == (200, str(len(body)).encode())
    fields = ["connection: upgrade", "upgrade: h2c", "transfer-encoding: chunked"]
    client.writer.write(post("/livez", *fields)[:-2] + b"a: b\r\n")
    status, _, answer = await client.ask(b"\r\n" + chunk(b"x" * 7) + b"0\r\n\r\n" + GET)

    assert (status, answer) == (200, b"7")
    assert (await client.answer())[0] == 200


HANDSHAKE = [
    "host: x",
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
]


@pytest.mark.proves("S96")
@pytest.mark.parametrize(
    "line, header, refusal",
    [
        ("GET /ws/chat/", "content-length: 10", (400, "malformed")),
        ("GET /ws/chat/", "transfer-encoding: chunked", (400, "malformed")),
        ("POST /ws/chat/", "content-length: 5", (400, "malformed")),
        ("GET /ws/chat/", f"cookie: {'a' * 9_000}", (431, "headers_too_large")),
        (f"GET /ws/chat/?token={'a' * 9_000}", "x: y", (431, "headers_too_large")),
    ],
)
async def test_handshake_that_no_socket_can_come_of_is_refused(connect, line, header, refusal):
    client = await connect()
    head = "\r\n".join([f"{line} HTTP/1.1", *HANDSHAKE, header, "", ""]).encode()
    client.writer.write(head)

    assert await client.refused() == refusal


NO_HANDSHAKES = {
    "no version": ({"sec-websocket-version": None}, 426, "upgrade_required"),
    "old version": ({"sec-websocket-version": "8"}, 426, "upgrade_required"),
    "no key": ({"sec-websocket-key": None}, 400, "bad_handshake"),
    "short key": ({"sec-websocket-key": "abc"}, 400, "bad_handshake"),
    "two keys": ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}, 400, "bad_handshake"),
    "no upgrade": ({"upgrade": None}, 426, "upgrade_required"),
    "no connection": ({"connection": None}, 426, "upgrade_required"),
    "another upgrade": ({"upgrade": "h2c, websocket"}, 426, "upgrade_required"),
    "two upgrades": ({"Upgrade": "websocket"}, 426, "upgrade_required"),
}


def handshake(fields: dict[str, str | None], *, line: str = "GET /ws/chat/ HTTP/1.1") -> bytes:
    """Return a handshake with some fields replaced; None leaves one out."""
    sent = dict(each.split(": ") for each in HANDSHAKE) | fields
    lines = [f"{name}: {value}" for name, value in sent.items() if value is not None]
    return "\r\n".join([line, *lines, "", ""]).encode()


@pytest.mark.proves("S134")
@pytest.mark.parametrize("fields, status, code", NO_HANDSHAKES.values(), ids=list(NO_HANDSHAKES))
async def test_refused_handshake_is_answered_like_any_refused_request(
    connect, fields, status, code
):
    client = await connect()
    got, headers, body = await client.ask(handshake(fields))
    await client.ended()
    other = await connect()
    _, _, english = await other.ask(handshake({**fields, "cookie": "django_language=en"}))

    assert (got, json.loads(body)["code"]) == (status, code)
    assert headers["content-type"] == "application/json"
    assert (headers.get("sec-websocket-version") == "13") is (status == 426)
    assert json.loads(body)["detail"] != json.loads(english)["detail"]


@pytest.mark.proves("S134")
@pytest.mark.parametrize(
    "line, refusal",
    [
        ("POST /ws/chat/ HTTP/1.1", (405, "method_not_allowed")),
        ("GET /ws/chat/ HTTP/1.0", (426, "upgrade_required")),
        ("GET /ws/other/ HTTP/1.1", (404, "not_found")),
        ("GET /api/chat/rooms/ HTTP/1.1", (404, "not_found")),
    ],
)
async def test_socket_that_is_not_offered_is_refused(connect, line, refusal):
    client = await connect()
    client.writer.write(handshake({}, line=line))

    assert await client.refused() == refusal


async def test_language_of_refusal_is_that_of_the_switch_of_the_page(connect):
    client = await connect()

    _, _, body = await client.ask(
        b"POST /livez HTTP/1.1\r\nhost: x\r\naccept-language: pt-br\r\n"
        b"cookie: django_language=en\r\ncontent-length: 999999\r\n\r\n"
    )

    assert json.loads(body)["detail"] == "The request is too large."


def frame(opcode: Opcode, size: int, *, fin: bool = True) -> bytes:
    return Frame(opcode, b"x" * size, fin=fin).serialize(mask=True)


CLOSED = {
    "one large frame": ([frame(Opcode.TEXT, 70_000)], 1009, "too_large"),
    "large fragments": (
        [
            frame(Opcode.TEXT, 30_000, fin=False),
            frame(Opcode.CONT, 30_000, fin=False),
            frame(Opcode.CONT, 30_000),
        ],
        1009,
        "too_large",
    ),
    "a compressed frame": ([b"\xc1\x80\0\0\0\0"], 1002, "protocol_error"),
    "a length in too many bytes": ([b"\x81\xfe\0\x02\0\0\0\0hi"], 1002, "protocol_error"),
    "a length of more than 63 bits": ([b"\x81\xff" + b"\xff" * 8], 1002, "protocol_error"),
    "a continuation of nothing": ([frame(Opcode.CONT, 1)], 1002, "protocol_error"),
    "a close reason that is not UTF-8": (
        [Frame(Opcode.CLOSE, b"\x03\xe8\xff").serialize(mask=True)],
        1007,
        "invalid_data",
    ),
    "too many fragments": (
        [frame(Opcode.TEXT, 1, fin=False), frame(Opcode.CONT, 1, fin=False) * 10_000],
        4029,
        "flooding",
    ),
}


@pytest.mark.proves("S135", "R189")
@pytest.mark.parametrize("frames, code, reason", CLOSED.values(), ids=list(CLOSED))
async def test_client_that_is_still_sending_gets_the_close_code(connect, frames, code, reason):
    client = await connect()
    await client.upgrade()

    client.writer.write(b"".join(frames) + frame(Opcode.TEXT, 60_000) * 20)
    async with asyncio.timeout(SECONDS):
        received = await client.reader.read()  # ConnectionResetError: the code would be lost
    client.writer.close()

    assert received.endswith(Close(code, reason).serialize())


async def test_client_that_never_stops_sending_is_cut_off(connect):
    client = await connect()
    await client.upgrade()
    client.writer.write(frame(Opcode.CONT, 1))

    with pytest.raises(ConnectionError):
        await client.send_on(frame(Opcode.TEXT, 60_000) * 10)
