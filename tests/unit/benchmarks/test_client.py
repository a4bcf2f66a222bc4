"""The load generator's own WebSocket client, byte by byte."""

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
    say=str.encode,
)
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Wire:
    """What a transport is asked to write."""

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
    heard = []

    def hear(_socket, buffer, start, stop, _now):
        heard.append(buffer[start:stop])

    socket, wire = Socket("/path", DIALECT, hear), Wire()
    socket.connection_made(wire)
    socket.data_received(UPGRADED + frame(b"ready"))
    await socket.opened
    wire.written = b""
    return socket, wire, heard


async def test_frames_of_every_length_are_heard_however_the_bytes_arrive(opened):
    socket, _, heard = opened
    payloads = [b"", b"a" * 125, b"b" * 126, b"c" * 65_535, b"d" * 65_536, b"shown"]
    stream = b"".join(map(frame, payloads))
    at = 0
    for size in (1, 1, 2, 126, 3, 70_000, 1, 10**6):
        socket.data_received(stream[at : at + size])
        at += size

    assert heard == payloads
    assert socket.frames == len(payloads)


async def test_what_comes_before_it_is_ready_is_not_heard():
    socket = Socket("/", DIALECT, lambda *_: pytest.fail("heard"))
    socket.connection_made(Wire())
    socket.data_received(UPGRADED + frame(b"something else"))

    assert not socket.opened.done()


async def test_a_refused_handshake_says_why():
    socket = Socket("/", DIALECT, lambda *_: None)
    socket.connection_made(Wire())
    socket.data_received(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with pytest.raises(ConnectionError, match="403"):
        await socket.opened


async def test_a_ping_is_answered_and_not_heard(opened):
    socket, wire, heard = opened
    socket.data_received(frame(b"abc", PING))

    assert wire.written == bytes([0x80 | PONG, 0x80 | 3]) + bytes(4) + b"abc"
    assert heard == []


async def test_the_code_of_the_closing_is_told(opened):
    socket, wire, _ = opened
    socket.data_received(frame((4008).to_bytes(2), CLOSE))
    assert wire.closed
    socket.connection_lost(None)

    assert await asyncio.wait_for(socket.over, 1) == 4008


async def test_long_frames_are_sent_whole(opened):
    socket, wire, _ = opened
    socket.send(b"x" * 300)

    assert wire.written == bytes([0x81, 0x80 | 126]) + (300).to_bytes(2) + bytes(4) + b"x" * 300


@pytest.mark.parametrize("number", [0, 24, 99_999_999])
@pytest.mark.parametrize("escaped", [True, False])
def test_a_messages_number_comes_back_in_any_frame_that_tells_of_it(number, escaped):
    frame = json.dumps({"message": {"content": text_of(number)}}, ensure_ascii=escaped).encode()

    assert number_in(b"before~" + frame, 7, 7 + len(frame)) == number
    assert number_in(b'{"type":"typing"}' + frame, 0, 17) == -1


def test_one_message_in_25_is_offensive():
    said = [text_of(number) for number in range(1000)]

    assert sum(OFFENSIVE in text for text in said) == 40
    assert len(set(said)) == 1000
