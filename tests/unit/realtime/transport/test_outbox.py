"""What waits to be written to one client: its order, its bounds, its end."""

import asyncio
import json
from uuid import uuid4

import pytest
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

from moderado.accounts.types import Principal
from moderado.realtime.transport import outbox as module
from moderado.realtime.transport.outbox import Socket
from moderado.realtime.wire.encode import Block, Line, text_frame
from moderado.realtime.wire.protocol import Pong

ME = uuid4()


class Wire:
    """The server's transport: takes frames while it is open, at once where it is `direct`."""

    def __init__(self, *, direct: bool) -> None:
        self.direct = direct
        self.written: list[str] = []
        self.code: int | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.aborted = False
        self.over = asyncio.Event()

    async def send(self, message) -> None:
        await self.open.wait()
        if message["type"] == "websocket.close":
            self.code = message["code"]
        else:
            self.written.append(message["text"])

    def write_now(self, frames: bytes) -> bool:
        if not (self.direct and self.open.is_set()):
            return False
        parser = ClientProtocol(parse_uri("ws://here/"), max_size=None)
        parser.state = State.OPEN
        parser.parser = parser.parse()
        next(parser.parser)
        parser.receive_data(frames)
        self.written += [event.data.decode() for event in parser.events_received()]
        return True

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture(params=["queued", "direct"])
async def wire(request) -> Wire:
    return Wire(direct=request.param == "direct")


@pytest.fixture
async def socket(wire: Wire):
    socket = Socket(wire.send, transport=wire)
    socket.principal = Principal(user_id=ME, session_id=uuid4(), name="", language="en")
    socket.start(wire.over.set)
    yield socket
    socket.closed()


def line(text="x", *, kind="chat_message", seq=1, author=None, message_id=None, revision=1) -> Line:
    return Line(kind, text, len(text), seq, message_id or uuid4(), author or uuid4(), revision)


async def test_frames_are_written_in_their_order(socket: Socket, wire: Wire):
    for number in range(100):
        socket.push(line(str(number)))
    await socket.drained()

    assert wire.written == [str(number) for number in range(100)]


@pytest.mark.parametrize(("frames", "size"), [(300, 10), (40, 40_000)])
async def test_a_full_outbox_ends_the_socket_and_is_let_go(
    socket: Socket, wire: Wire, frames, size
):
    wire.open.clear()

    for _ in range(frames):
        socket.push(line("x" * size))
    assert len(socket._outbox) == 0
    wire.open.set()
    await wire.over.wait()

    assert wire.code == 4008
    assert len(wire.written) <= 1


async def test_a_peer_that_takes_nothing_is_cut_off(wire: Wire, monkeypatch):
    monkeypatch.setattr(module, "CLOSE_GRACE", 0.05)
    socket = Socket(wire.send, transport=wire)
    socket.start(wire.over.set)
    wire.open.clear()

    socket.reply(Pong(n=1))
    socket.close(4001)
    async with asyncio.timeout(2):
        await wire.over.wait()

    assert wire.aborted
    assert wire.code is None


async def test_a_closing_socket_writes_what_waits_and_nothing_later(socket: Socket, wire: Wire):
    socket.push(line("before"))
    socket.close(4001, Pong(n=1))
    socket.push(line("after"))
    socket.close(4003)
    await wire.over.wait()

    assert wire.written[0] == "before"
    assert json.loads(wire.written[1]) == {"type": "pong", "n": 1}
    assert len(wire.written) == 2
    assert wire.code == 4001


async def test_the_confirmation_comes_first_and_the_order_stays(socket: Socket, wire: Wire):
    with socket.sending():
        socket.push(line("others 1", seq=1))
        socket.push(line("mine 2", seq=2, author=ME))
        socket.push(line("others 3", seq=3))
        socket.reply(Pong(n=0))
    await socket.drained()

    assert [text for text in wire.written if text[0] != "{"] == ["others 1", "mine 2", "others 3"]
    assert wire.written.index('{"type":"pong","n":0}') < wire.written.index("mine 2")


async def test_a_notice_is_told_once_and_the_next_verdict_again(socket: Socket, wire: Wire):
    message_id = uuid4()

    def notice(kind, revision=1):
        socket.push(
            line(f"{kind} {revision}", kind=kind, seq=0, author=ME, message_id=message_id,
                 revision=revision)
        )  # fmt: skip

    for _ in range(3):
        notice("message_held")
    notice("message_rejected")
    notice("message_rejected", revision=2)
    await socket.drained()

    assert wire.written == ["message_held 1", "message_rejected 1", "message_rejected 2"]


async def test_a_verdict_ends_the_waiting_for_it(socket: Socket):
    first, edited = uuid4(), uuid4()
    socket.await_verdict(first, 1)
    socket.await_verdict(edited, 2)

    socket.push(line(author=ME, message_id=first, revision=1))
    socket.push(line(author=ME, message_id=edited, revision=1))  # of the revision before
    assert list(socket.awaited) == [edited]
    socket.push(line(author=ME, message_id=edited, revision=2))

    assert not socket.awaited


async def test_what_was_taken_down_is_explained_to_its_author_even_if_no_hint_came(socket: Socket):
    mine, theirs = uuid4(), uuid4()

    socket.push(line(author=ME, message_id=mine, seq=1))
    assert not socket.awaited
    socket.push(line(kind="message_removed", author=ME, message_id=mine, seq=2))
    socket.push(line(kind="message_removed", message_id=theirs, seq=3))

    assert list(socket.awaited) == [mine]


async def test_a_client_that_does_not_take_its_answers_is_not_read(socket: Socket, wire: Wire):
    wire.open.clear()
    for number in range(100):
        socket.reply(Pong(n=number))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await socket.wait_writable()
    wire.open.set()
    await socket.wait_writable()
    await socket.drained()

    assert len(wire.written) == 100


async def test_a_lost_connection_is_the_end_and_no_error(wire: Wire):
    async def lost(_message) -> None:
        raise OSError

    socket = Socket(lost)
    socket.start(wire.over.set)
    socket.push(line())
    await wire.over.wait()

    assert socket.closing == 1006


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_what_the_protocol_says(size):
    wire = Wire(direct=True)
    wire.open = asyncio.Event()
    wire.open.set()
    text = "á" * (size // 2) + "x" * (size % 2)

    assert wire.write_now(text_frame(text) * 2)
    assert wire.written == [text, text]


async def test_a_block_is_written_whole_in_its_place_whoever_is_slow(socket: Socket, wire: Wire):
    blocks = [[line(f"{n}.{m}", seq=3 * n + m) for m in range(3)] for n in range(4)]
    socket.push_block(Block(blocks[0]))
    wire.open.clear()
    socket.push_block(Block(blocks[1]))
    await asyncio.sleep(0)  # the writer takes the first of what waits, and stands still with it
    wire.open.set()
    socket.push_block(Block(blocks[2]))
    with socket.sending():
        socket.push(line("mine", author=ME))
        socket.push_block(Block(blocks[3]))
        socket.reply(Pong(n=1))
    await socket.drained()

    texts = [one.text for block in blocks for one in block]
    assert wire.written == [*texts[:9], '{"type":"pong","n":1}', "mine", *texts[9:]]


async def test_a_block_with_one_s_own_line_is_written_whole_too(socket: Socket, wire: Wire):
    mine = uuid4()
    socket.await_verdict(mine, 1)
    block = Block([line("a"), line("b", seq=2, author=ME, message_id=mine)])

    socket.push_block(block)
    await socket.drained()

    assert wire.written == ["a", "b"]
    assert not socket.awaited


async def test_of_a_block_what_one_has_said_and_heard_already_is_left_out(socket, wire: Wire):
    mine = uuid4()
    heard = line("mine", seq=0, author=ME, message_id=mine)

    socket.push_block(Block([line("a"), heard]))
    socket.push_block(Block([line("b"), heard, line("c")]))
    await socket.drained()

    assert wire.written == ["a", "mine", "b", "c"]
