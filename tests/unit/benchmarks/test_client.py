"""The load generator's WebSocket client, at the level of bytes."""

import asyncio
import json

import pytest

from benchmarks.harness.client import CLOSE, PING, PONG, TEXT, Dialect, Socket
from benchmarks.harness.texts import OFFENSIVE, number_in, text_of

DIALECT = Dialect(
    ready=b"ready",
    queued=b"queued",
    shown=b"shown",
    refused=(b"refused",),
    error=b"error",
    build_message=str.encode,
)
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Transport:
    """A transport that records what is written."""

    def __init__(self):
        self.written = b""
        self.closed = False

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


def frame(payload, opcode=TEXT):
    length = len(payload)
    if length < 126:
        head = bytes([0x80 | opcode, length])
    elif length < 65_536:
        head = bytes([0x80 | opcode, 126]) + length.to_bytes(2)
    else:
        head = bytes([0x80 | opcode, 127]) + length.to_bytes(8)
    return head + payload


@pytest.fixture
async def opened():
    received = []

    def on_frame(_socket, buffer, start, stop, _now):
        received.append(buffer[start:stop])

    socket, transport = Socket("/path", DIALECT, on_frame), Transport()
    socket.connection_made(transport)
    socket.data_received(UPGRADED + frame(b"ready"))
    await socket.opened
    transport.written = b""
    return socket, transport, received


async def test_frames_of_every_length_are_read_from_any_chunks(opened):
    socket, _, received = opened
    payloads = [b"", b"a" * 125, b"b" * 126, b"c" * 65_535, b"d" * 65_536, b"shown"]
    stream = b"".join(map(frame, payloads))
    at = 0
    for size in (1, 1, 2, 126, 3, 70_000, 1, 10**6):
        socket.data_received(stream[at : at + size])
        at += size

    assert received == payloads
    assert socket.frames == len(payloads)


async def test_frames_before_ready_are_not_passed_on():
    socket = Socket("/", DIALECT, lambda *_: pytest.fail("a frame was passed on"))
    socket.connection_made(Transport())
    socket.data_received(UPGRADED + frame(b"something else"))

    assert not socket.opened.done()


async def test_refused_handshake_reports_the_status():
    socket = Socket("/", DIALECT, lambda *_: None)
    socket.connection_made(Transport())
    socket.data_received(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with pytest.raises(ConnectionError, match="403"):
        await socket.opened


async def test_ping_is_answered_and_not_passed_on(opened):
    socket, transport, received = opened
    socket.data_received(frame(b"abc", PING))

    assert transport.written == bytes([0x80 | PONG, 0x80 | 3]) + bytes(4) + b"abc"
    assert received == []


async def test_close_code_is_reported(opened):
    socket, transport, _ = opened
    socket.data_received(frame((4008).to_bytes(2), CLOSE))
    assert transport.closed
    socket.connection_lost(None)

    assert await asyncio.wait_for(socket.closed, 1) == 4008


async def test_long_frames_are_sent_with_extended_length(opened):
    socket, transport, _ = opened
    socket.send(b"x" * 300)

    assert (
        transport.written == bytes([0x81, 0x80 | 126]) + (300).to_bytes(2) + bytes(4) + b"x" * 300
    )


@pytest.mark.parametrize("number", [0, 24, 99_999_999])
@pytest.mark.parametrize("escaped", [True, False])
def test_number_is_found_in_frames_about_the_message(number, escaped):
    frame = json.dumps({"message": {"content": text_of(number)}}, ensure_ascii=escaped).encode()

    assert number_in(b"before~" + frame, 7, 7 + len(frame)) == number
    assert number_in(b'{"type":"typing"}' + frame, 0, 17) == -1


def test_one_message_in_25_is_offensive():
    said = [text_of(number) for number in range(1000)]

    assert sum(OFFENSIVE in text for text in said) == 40
    assert len(set(said)) == 1000
