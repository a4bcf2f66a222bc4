"""Requests that could be read in two ways, over real TCP."""

import asyncio
import json

import pytest

from moderado.realtime.transport.http_head import read_head
from moderado.realtime.transport.http_protocol import HttpProtocol
from tests.unit.realtime.transport.servers import serving
from tests.unit.realtime.transport.test_http_protocol import (  # the server and its client
    GET,
    SECONDS,
    application,
    chunk,
    connect,
    handshake,
    post,
)

__all__ = ["application", "connect"]

CHUNKED = chunk(b"xx") + b"0\r\n\r\n"


def get(target: str, *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {target} HTTP/{version}", *headers, "", ""]).encode()


MALFORMED = {
    "no host": get("/livez"),
    "two hosts": get("/livez", "host: x", "host: y"),
    "the same host twice": get("/livez", "host: x", "host: x"),
    "empty host": get("/livez", "host:"),
    "host with a space": get("/livez", "host: a b"),
    "host with a path": get("/livez", "host: x/y"),
    "host with a user": get("/livez", "host: user@x"),
    "host with a large port": get("/livez", "host: x:65536"),
    "host with letters as its port": get("/livez", "host: x:http"),
    "host that is no text": get("/livez", "host: \xe9"),
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/0.9, named": get("/livez", "host: x", version="0.9"),
    "HTTP/2": get("/livez", "host: x", version="2.0"),
    "two codings": post("/x/", "transfer-encoding: gzip, chunked") + CHUNKED,
    "codings in two lines": post("/x/", "transfer-encoding: gzip", "transfer-encoding: chunked")
    + CHUNKED,
    "chunked twice": post("/x/", "transfer-encoding: chunked", "transfer-encoding: chunked")
    + CHUNKED,
    "empty coding before": post("/x/", "transfer-encoding: ,chunked") + CHUNKED,
    "another coding": post("/x/", "transfer-encoding: gzip"),
    "identity": post("/x/", "transfer-encoding: identity"),
    "parameter of a coding": post("/x/", "transfer-encoding: chunked;a=b") + CHUNKED,
    "chunked in HTTP/1.0": post("/x/", "transfer-encoding: chunked").replace(b"1.1", b"1.0")
    + CHUNKED,
    "coding and length": post("/x/", "transfer-encoding: chunked", "content-length: 5") + CHUNKED,
    "two lengths": post("/x/", "content-length: 2", "content-length: 3") + b"xxx",
    "list of lengths": post("/x/", "content-length: 2, 2") + b"xx",
    "length with a sign": post("/x/", "content-length: +2") + b"xx",
    "length with an underscore": post("/x/", "content-length: 2_0") + b"xx",
    "length of two words": post("/x/", "content-length: 2 2") + b"xx",
    "continued line": get("/livez", "host: x", "a: b", " c"),
    "line feed alone": b"GET /livez HTTP/1.1\r\nhost: x\na: b\r\n\r\n",
    "carriage return alone": b"GET /livez HTTP/1.1\r\nhost: x\r\na: b\rc: d\r\n\r\n",
    "NUL in a value": get("/livez", "host: x", "a: b\0"),
    "space in a name": get("/livez", "host: x", "a b: c"),
    "space after a name": post("/x/", "content-length : 2") + b"xx",
    "space before a name": b"GET /livez HTTP/1.1\r\n host: x\r\n\r\n",
    "chunk with a line feed alone": post("/x/", "transfer-encoding: chunked") + b"2\nxx\n0\n\n",
    "chunk of a negative size": post("/x/", "transfer-encoding: chunked") + b"-2\r\nxx\r\n",
    "chunk of 2^64 bytes": post("/x/", "transfer-encoding: chunked") + b"1" + b"0" * 16 + b"\r\n",
    "line feed in an extension": post("/x/", "transfer-encoding: chunked") + b"2;a\nb\r\nxx\r\n",
    "asterisk": get("*", "host: x"),
    "fragment": get("/livez#a", "host: x"),
    "another scheme": get("rtsp://x/livez", "host: x"),
    "user in the target": get("http://user@x/livez", "host: x"),
    "no authority in the target": get("http:///livez", "host: x"),
    "socket without a host": handshake({"host": None}),
    "socket with two hosts": handshake({"Host": "y"}),
}


@pytest.mark.proves("S137")
@pytest.mark.parametrize("request_", MALFORMED.values(), ids=list(MALFORMED))
async def test_ambiguous_request_is_refused(connect, application, request_):
    client = await connect()
    client.writer.write(request_ + GET)

    assert await client.refused() == (400, "malformed")
    assert application.paths in ([], ["/x/"])  # a body is read after its head


@pytest.mark.proves("S137")
@pytest.mark.parametrize(
    "fields",
    [
        ["host: x"],
        ["host: chat_moderado.example.org:8000"],
        ["host: [::1]:8000"],
        ["host: x", "transfer-encoding: Chunked"],
        ["host: x", "content-length: 00"],
        ["host: x", "a: \xff"],
    ],
)
async def test_unusual_head_is_read(connect, fields):
    client = await connect()
    head = "\r\n".join(["POST / HTTP/1.1", *fields, "", ""]).encode("latin-1")
    body = b"0\r\n\r\n" if b"Chunked" in head else b""

    assert (await client.ask(head + body))[0] == 200


@pytest.mark.proves("S138")
async def test_fields_after_a_chunked_body_are_no_headers(connect, application):
    client = await connect()

    status, _, body = await client.ask(
        post("/x/", "transfer-encoding: chunked")
        + chunk(b"xx")
        + b"0\r\nauthorization: Bearer x\r\nx-forwarded-for: 192.0.2.1\r\n\r\n"
    )

    assert (status, body) == (200, b"2")
    assert [name for name, _ in application.headers] == [b"host", b"transfer-encoding"]


@pytest.mark.proves("S138")
@pytest.mark.parametrize(
    "url, target",
    [
        (b"http://y.example:80/a?b=c", b"/a?b=c"),
        (b"HTTPS://y.example:80", b"/"),
        (b"http://y.example:80?b", b"/?b"),
    ],
)
def test_host_of_the_target_replaces_the_header(url, target):
    headers = [(b"host", b"x"), (b"a", b"b")]

    read = read_head(method=b"GET", url=url, version="1.1", headers=headers)

    assert read == target
    assert headers == [(b"a", b"b"), (b"host", b"y.example:80")]


async def test_socket_is_found_in_any_spelling_of_its_path(connect):
    for target in ("/%77s/chat/", "http://x/ws/chat/", "/ws/chat/a%20b/"):
        client = await connect()
        client.writer.write(handshake({}, line=f"GET {target} HTTP/1.1"))
        assert (await client.reader.readline()).startswith(b"HTTP/1.1 101 ")


@pytest.mark.proves("S137")
async def test_id_of_a_room_has_no_slash(connect):
    client = await connect()
    client.writer.write(handshake({}, line="GET /ws/chat/a%2Fb/ HTTP/1.1"))

    assert await client.refused() == (404, "not_found")


@pytest.mark.proves("S139")
async def test_frame_behind_the_handshake_is_read(connect):
    client = await connect()
    client.writer.write(handshake({}) + b"\x89\x80\0\0\0\0")  # a ping
    await client.reader.readuntil(b"\r\n\r\n")

    assert await client.reader.readexactly(2) == b"\x8a\x00"


@pytest.mark.proves("S139")
async def test_handshake_behind_a_request_does_not_take_its_response(connect, application):
    client = await connect()
    client.writer.write(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n" + handshake({}))
    await client.writer.drain()
    while not application.paths:
        await asyncio.sleep(0.001)
    application.hold.set()

    status, headers, _ = await client.answer()

    assert (status, headers["connection"]) == (200, "close")
    assert await client.ended() == b""


async def test_old_client_gets_no_interim_response(connect):
    client = await connect()
    head = post("/x/", "content-length: 2", "expect: 100-continue").replace(b"1.1", b"1.0")

    status, _, _ = await client.ask(head + b"xx")

    assert status == 200


async def test_refusal_of_head_has_no_body(connect):
    client = await connect()
    client.writer.write(b"HEAD /ws/chat/ HTTP/1.1\r\nhost: x\r\n\r\n")

    head, _, body = (await client.ended()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 426 ")
    assert body == b""


async def test_refusal_of_what_follows_head_has_a_body(connect):
    client = await connect()
    client.writer.write(b"HEAD /x HTTP/1.1\r\nhost: x\r\n\r\n")
    await client.reader.readuntil(b"\r\n\r\n")
    client.writer.write(b"\x16\x03\x01 not http\r\n\r\n")

    status, _, body = await client.answer()

    assert (status, json.loads(body)["code"]) == (400, "malformed")


async def answer_in_parts(scope, receive, send):
    """Answer without a length, as with an archive that is being made."""
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in (b"first,", b"second", b""):
        await send({"type": "http.response.body", "body": part, "more_body": bool(part)})


@pytest.mark.proves("S246")
@pytest.mark.parametrize("headers", [[], ["connection: keep-alive"], ["upgrade: h2c"]])
async def test_old_client_gets_the_parts_of_a_response_without_their_sizes(headers):
    async with serving(answer_in_parts, HttpProtocol) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/x/", "host: x", *headers, version="1.0"))
        async with asyncio.timeout(SECONDS):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding" not in head
    assert body == b"first,second"


@pytest.mark.proves("S246")
async def test_old_client_gets_a_response_with_its_length(connect):
    client = await connect()

    status, headers, body = await client.ask(get("/x/", "host: x", version="1.0"))

    assert (status, headers["connection"], body) == (200, "close", b"0")
    assert await client.ended() == b""
