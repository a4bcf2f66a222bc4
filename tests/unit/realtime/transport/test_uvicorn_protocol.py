"""How a client's bytes are read, limited and handed to the application."""

import asyncio
import socket
import sys

import pytest
from uvicorn import Config
from uvicorn.server import ServerState
from websockets.frames import Close, Frame, Opcode

from moderado.core.wire_limits import CONTROL_FRAMES_BURST, CONTROL_FRAMES_PER_SECOND
from moderado.realtime.transport import leaving, uvicorn_protocol
from moderado.realtime.transport.uvicorn_protocol import (
    FRAMES_A_TURN,
    MAX_CONTROL_BYTES,
    READ_AHEAD,
    ChatProtocol,
)
from moderado.realtime.wire.close_codes import CLOSE_REASONS

HANDSHAKE = (
    b"GET /ws/chat/ HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


class Transport:
    """A connection whose peer takes everything, unless `is_slow`."""

    def __init__(self):
        self.reads = True
        self.written = b""
        self.has_ended = False
        self.is_over = False
        self.aborted = asyncio.Event()

    def get_extra_info(self, _name):
        return None

    def write(self, data):
        self.written += data

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True

    def get_write_buffer_size(self):
        return 0

    def write_eof(self):
        self.has_ended = True

    def is_closing(self):
        return self.is_over

    def close(self):
        self.is_over = True

    def abort(self):
        self.is_over = True
        self.aborted.set()


class Loop:
    """The running loop with a clock that stands still."""

    def __init__(self):
        self.now = 0.0
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name):
        return getattr(self._loop, name)

    def time(self):
        return self.now


async def turns(number=1):
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.fixture
async def waiting():
    """A connection whose handshake the application has not answered yet."""
    app_ends = asyncio.Event()

    async def app(scope, receive, send):
        await app_ends.wait()

    config = Config(app, log_config=None, ws_max_size=65_536, ws_per_message_deflate=False)
    config.load()
    protocol = ChatProtocol(config, ServerState(), {}, Loop())
    protocol.connection_made(Transport())
    protocol.data_received(HANDSHAKE)
    assert await protocol.receive() == {"type": "websocket.connect"}
    yield protocol
    protocol.connection_lost(None)
    app_ends.set()
    await turns(3)


@pytest.fixture
async def protocol(waiting):
    await waiting.send({"type": "websocket.accept"})
    await turns(2)
    waiting.transport.written = b""
    return waiting


@pytest.fixture
def parsed(protocol, monkeypatch):
    """The opcodes of the frames that were parsed."""
    parsed = []
    pass_on = protocol.conn.recv_frame

    def note(frame):
        parsed.append(frame.opcode)
        pass_on(frame)

    monkeypatch.setattr(protocol.conn, "recv_frame", note)
    return parsed


def wire(opcode, data=b"", *, fin=True):
    return Frame(opcode, data, fin=fin).serialize(mask=True)


def text(data):
    return wire(Opcode.TEXT, data)


def fragments(*pieces):
    yield wire(Opcode.TEXT, pieces[0], fin=False)
    for piece in pieces[1:-1]:
        yield wire(Opcode.CONT, piece, fin=False)
    yield wire(Opcode.CONT, pieces[-1])


def closing_of(closing):
    """The close frame with which the server's bytes end."""
    begin = closing.rindex(b"\x88")
    assert len(closing) == begin + 2 + closing[begin + 1]
    return Close.parse(closing[begin + 2 :])


def code_of(closing):
    """The code of the close frame with which the server's bytes end."""
    return closing_of(closing).code


async def drained(protocol):
    """Let the server handle everything that it has received."""
    for _ in range(100_000):
        if not protocol._input:
            return
        await turns()
    raise AssertionError("not handled")


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1_000])
async def test_message_arrives_whatever_the_segments(protocol, step):
    received = b"".join([text(b"a" * 200), *fragments(b"ol", b"", b"\xc3", b"\xa1"), text(b"")])

    for at in range(0, len(received), step):
        protocol.data_received(received[at : at + step])
    messages = [await protocol.receive() for _ in range(3)]

    assert [message["text"] for message in messages] == ["a" * 200, "olá", ""]


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
async def test_text_that_is_not_utf8_arrives_as_bytes(protocol, opcode):
    protocol.data_received(wire(opcode, b"ol\xe1"))

    assert await protocol.receive() == {"type": "websocket.receive", "bytes": b"ol\xe1"}


async def test_messages_of_one_segment_are_parsed_as_the_application_takes_them(protocol, parsed):
    protocol.data_received(text(b"{}") * 1_000)
    await turns(50)
    assert len(parsed) == READ_AHEAD
    assert not protocol.transport.reads

    for number in range(1_000):
        assert (await protocol.receive())["text"] == "{}"
        assert len(parsed) <= number + 1 + READ_AHEAD
    await turns(2)
    assert protocol.transport.reads


async def test_application_that_takes_messages_yields_to_the_event_loop(protocol):
    protocol.data_received(text(b"{}") * 100)
    seen = 0

    async def take():
        nonlocal seen
        while True:
            await protocol.receive()
            seen += 1

    taking = asyncio.create_task(take())
    most = 0
    while seen < 100:
        before = seen
        await turns()
        most = max(most, seen - before)
    taking.cancel()

    assert most <= READ_AHEAD


@pytest.mark.proves("S42")
@pytest.mark.parametrize(
    "unit",
    [
        pytest.param([wire(Opcode.PING)], id="tiny pings"),
        pytest.param([wire(Opcode.PING, b"x" * 125)], id="large pings"),
        pytest.param([wire(Opcode.PONG, b"1234")], id="unsolicited pongs"),
        pytest.param([*fragments(b"{", b"}")], id="two fragments"),
        pytest.param([*fragments(*[b""] * 100)], id="empty fragments"),
        pytest.param([*fragments(*[b"x"] * 100)], id="fragments of one byte"),
    ],
)
async def test_flood_of_frames_is_parsed_in_slices_and_cut_off(protocol, parsed, unit):
    async def application():
        while (await protocol.receive())["type"] != "websocket.disconnect":
            pass

    taking = asyncio.create_task(application())
    await turns()

    protocol.data_received(b"".join(unit) * 40_000)
    most = at_once = len(parsed)
    while not protocol.close_sent:
        before = len(parsed)
        await turns()
        at_once = len(parsed) - before
        most = max(most, at_once)
    await taking

    assert most <= FRAMES_A_TURN
    assert len(parsed) == CONTROL_FRAMES_BURST
    assert code_of(protocol.transport.written) == 4029
    assert not protocol._input


@pytest.mark.proves("S42")
async def test_connection_that_is_cut_off_does_not_wait_for_its_peer(protocol, monkeypatch):
    monkeypatch.setattr(uvicorn_protocol, "CLOSE_TIMEOUT", 0.0)

    protocol.data_received(wire(Opcode.PING) * (CONTROL_FRAMES_BURST + 1))
    await drained(protocol)

    await asyncio.wait_for(protocol.transport.aborted.wait(), 10)


async def test_control_frames_at_the_allowed_rate_are_never_cut_off(protocol, parsed):
    for _ in range(3 * CONTROL_FRAMES_BURST):
        protocol.data_received(wire(Opcode.PING, b"n"))
        protocol.loop.now += 1 / CONTROL_FRAMES_PER_SECOND

    assert len(parsed) == 3 * CONTROL_FRAMES_BURST
    assert protocol.transport.written == b"\x8a\x01n" * len(parsed)


@pytest.mark.proves("S42")
async def test_peer_that_reads_nothing_gets_one_pong_for_all_its_pings(protocol):
    protocol.pause_writing()
    for number in range(100):
        protocol.data_received(wire(Opcode.PING, b"%02d" % number))
    assert protocol.transport.written == b""

    protocol.resume_writing()

    assert protocol.transport.written == b"\x8a\x0299"


@pytest.mark.proves("S42")
async def test_empty_fragments_take_no_memory(protocol):
    protocol.data_received(wire(Opcode.TEXT, b"{", fin=False))
    for _ in range(100):
        protocol.data_received(wire(Opcode.CONT, fin=False))
    protocol.data_received(wire(Opcode.CONT, b"}", fin=False))

    assert protocol.frames == [b"{}"]


async def test_frames_before_the_answer_to_the_handshake_wait_for_it(waiting):
    waiting.data_received(wire(Opcode.PING, b"early") + text(b"{}"))
    await turns(3)
    assert waiting.transport.written == b""
    assert not waiting.transport.reads

    await waiting.send({"type": "websocket.accept"})
    await turns(2)

    assert waiting.transport.written.startswith(b"HTTP/1.1 101 ")
    assert waiting.transport.written.endswith(b"\x8a\x05early")
    assert (await waiting.receive())["text"] == "{}"
    assert waiting.transport.reads


async def test_close_frame_behind_unread_messages_is_answered_after_closing(protocol):
    protocol.data_received(text(b"{}") * 10 + wire(Opcode.CLOSE, b"\x03\xe8"))

    await protocol.send({"type": "websocket.close", "code": 4001})
    await drained(protocol)

    assert code_of(protocol.transport.written) == 4001
    assert protocol.transport.is_closing()


@pytest.mark.proves("S42")
async def test_messages_after_the_close_frame_are_limited(protocol, parsed):
    await protocol.send({"type": "websocket.close", "code": 4001})

    protocol.data_received(text(b"{}") * 10_000)
    await drained(protocol)

    assert len(parsed) == CONTROL_FRAMES_BURST
    assert protocol.queue.qsize() <= READ_AHEAD  # the disconnects, no message


async def test_oversized_frame_is_refused_by_its_header(protocol, monkeypatch):
    monkeypatch.setattr(uvicorn_protocol, "CLOSE_TIMEOUT", 0.0)

    protocol.data_received(text(b"x" * 70_000)[:100])

    assert b"\x03\xf1" in protocol.transport.written  # 1009
    await asyncio.wait_for(protocol.transport.aborted.wait(), 10)


class Kernel:
    """A socket whose peer acknowledges as many bytes as the test says."""

    def __init__(self):
        self.acknowledged = 0

    def getsockopt(self, _level, _name, size):
        return bytes(120) + self.acknowledged.to_bytes(8, sys.byteorder)


@pytest.fixture
def kernel(protocol, monkeypatch):
    kernel = Kernel()
    monkeypatch.setattr(protocol.transport, "get_extra_info", lambda _name: kernel)
    return kernel


def test_closed_connection_has_acknowledged_nothing(protocol, monkeypatch):
    closed = socket.socket()
    closed.close()
    monkeypatch.setattr(protocol.transport, "get_extra_info", lambda _name: closed)

    assert protocol.acknowledged() == 0


@pytest.mark.proves("R62")
@pytest.mark.parametrize(
    ("acknowledged", "speaks", "stays"),
    [
        (0, False, False),
        (MAX_CONTROL_BYTES, False, False),  # only its kernel has the ping
        (MAX_CONTROL_BYTES + 1, False, True),  # it reads what was written before the ping
        (0, True, True),
    ],
)
async def test_missing_pong_closes_only_a_peer_without_progress(
    protocol, kernel, acknowledged, speaks, stays
):
    protocol.send_keepalive_ping()
    protocol.pong_timer.cancel()
    kernel.acknowledged += acknowledged
    if speaks:
        protocol.data_received(text(b"hi"))

    protocol.keepalive_timeout()

    assert protocol.transport.is_over is not stays
    assert protocol.close_sent is not stays
    if stays:  # until it makes no more progress
        protocol.pong_timer.cancel()
        protocol.keepalive_timeout()
        assert protocol.transport.is_over


@pytest.mark.proves("R31", "R189")
async def test_peer_that_is_gone_is_aborted_after_the_close_frame(protocol, kernel, monkeypatch):
    monkeypatch.setattr(uvicorn_protocol, "CLOSE_TIMEOUT", 0.0)
    protocol.send_keepalive_ping()
    protocol.pong_timer.cancel()

    protocol.keepalive_timeout()

    async with asyncio.timeout(10):
        await protocol.transport.aborted.wait()
    closing = closing_of(protocol.transport.written)
    assert (closing.code, closing.reason) == (1011, "ping_timeout")


@pytest.mark.proves("R147")
@pytest.mark.parametrize("code", CLOSE_REASONS)
@pytest.mark.parametrize("reason", ["", "rate_limited"])
async def test_close_frame_has_a_stable_word_as_its_reason(protocol, code, reason):
    await protocol.send({"type": "websocket.close", "code": code, "reason": reason})

    closing = closing_of(protocol.transport.written)

    assert (closing.code, closing.reason) == (code, reason or CLOSE_REASONS[code].name)


@pytest.fixture
def leaving_at_once(monkeypatch):
    monkeypatch.setattr(leaving, "SHUTDOWN_SPREAD", 0.0)


@pytest.mark.proves("R146")
async def test_client_that_closes_while_the_server_stops_causes_no_error(protocol, leaving_at_once):
    finished = asyncio.Event()
    protocol.before_leaving = finished.wait

    protocol.shutdown()
    protocol.data_received(wire(Opcode.CLOSE, b"\x03\xe8"))
    await turns(5)
    finished.set()
    await protocol._leaving

    assert code_of(protocol.transport.written) == 1000


@pytest.mark.proves("R146")
async def test_stopping_server_keeps_the_code_of_a_connection_that_it_closes(
    protocol, leaving_at_once, monkeypatch
):
    monkeypatch.setattr(uvicorn_protocol, "CLOSE_TIMEOUT", 0.0)
    protocol.before_leaving = turns
    await protocol.send({"type": "websocket.close", "code": 4008})

    protocol.shutdown()

    assert not protocol.transport.is_closing()  # what the client still sends would be a reset
    async with asyncio.timeout(10):
        await protocol.transport.aborted.wait()
    assert code_of(protocol.transport.written) == 4008
