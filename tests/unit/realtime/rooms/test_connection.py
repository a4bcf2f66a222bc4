"""The order of one client's frames: replies, lines of its rooms, notices about its messages."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from moderado.accounts.types import Principal
from moderado.core.wire_limits import MAX_OUTBOX_FRAMES
from moderado.realtime.rooms.audience import OWN_MESSAGES, OWN_ROOMS
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.subscription import Subscription
from moderado.realtime.transport.outbox import Outbox
from moderado.realtime.wire.encode import Block, Line
from moderado.realtime.wire.protocol import Error, Pong
from tests.unit.realtime.transport.fake_transport import FakeTransport

USER = uuid4()


@pytest.fixture
async def connection(transport: FakeTransport):
    connection = Connection(Outbox(transport.send, transport=transport))
    connection.authenticate(Principal(user_id=USER, session_id=uuid4(), name="", language="en"))
    connection.start(transport.finished.set)
    connection.greeted()
    yield connection
    connection.outbox.closed()


def line(
    text: str = "x",
    *,
    kind: str = "chat_message",
    seq: int = 1,
    author: UUID | None = None,
    message_id: UUID | None = None,
) -> Line:
    return Line(kind, text, len(text), seq, message_id or uuid4(), author or uuid4(), 1)


async def test_confirmation_is_written_before_lines_about_own_messages(
    connection: Connection, transport: FakeTransport
):
    async with connection.storing():
        connection.push(line("others 1", seq=1), OWN_ROOMS)
        connection.push(line("own 2", seq=2, author=USER), OWN_ROOMS)
        connection.push(line("others 3", seq=3), OWN_ROOMS)
        connection.reply(Pong(n=0))
    await connection.outbox.drained()

    assert [text for text in transport.written if text[0] != "{"] == [
        "others 1",
        "own 2",
        "others 3",
    ]
    assert transport.written.index('{"type":"pong","n":0}') < transport.written.index("own 2")


async def test_too_many_deferred_lines_close_with_4008(
    connection: Connection, transport: FakeTransport
):
    async with connection.storing():
        for number in range(MAX_OUTBOX_FRAMES + 1):
            connection.push(line(seq=number + 1, author=USER), OWN_ROOMS)
    await transport.finished.wait()

    assert transport.close_code == 4008
    assert transport.written == []


async def test_block_is_written_whole_and_in_order(
    connection: Connection, transport: FakeTransport
):
    blocks = [[line(f"{n}.{m}", seq=3 * n + m) for m in range(3)] for n in range(4)]
    connection.push_block(Block(blocks[0]), OWN_ROOMS)
    transport.open.clear()
    connection.push_block(Block(blocks[1]), OWN_ROOMS)
    await asyncio.sleep(0)  # the writer takes the first frame, and waits for the transport
    transport.open.set()
    connection.push_block(Block(blocks[2]), OWN_ROOMS)
    async with connection.storing():
        connection.push(line("own", author=USER), OWN_ROOMS)
        connection.push_block(Block(blocks[3]), OWN_ROOMS)
        connection.reply(Pong(n=1))
    await connection.outbox.drained()

    texts = [each.text for block in blocks for each in block]
    assert transport.written == [*texts[:9], '{"type":"pong","n":1}', "own", *texts[9:]]


async def test_block_with_an_own_line_is_written_whole(
    connection: Connection, transport: FakeTransport
):
    message_id = uuid4()
    connection.notices.await_outcome(message_id, 1)

    connection.push_block(
        Block([line("a"), line("b", seq=2, author=USER, message_id=message_id)]), OWN_ROOMS
    )
    await connection.outbox.drained()

    assert transport.written == ["a", "b"]
    assert not connection.notices.is_awaiting(message_id)


async def test_repeated_notice_is_left_out_of_a_block(
    connection: Connection, transport: FakeTransport
):
    notice = line("own", kind="message_held", seq=0, author=USER)

    connection.push_block(Block([line("a"), notice]), OWN_ROOMS)
    connection.push_block(Block([line("b"), notice, line("c")]), OWN_ROOMS)
    await connection.outbox.drained()

    assert transport.written == ["a", "own", "b", "c"]


def error(code: str) -> Error:
    return Error(code=code, message="", error="")


async def test_close_writes_what_waits_and_its_frame_and_nothing_later(
    connection: Connection, transport: FakeTransport
):
    connection.push(line("before"), OWN_ROOMS)
    connection.close(4001, error("first"))
    connection.push(line("after"), OWN_ROOMS)
    connection.push_block(Block([line("after")]), OWN_ROOMS)
    connection.close(4003, error("second"))
    await transport.finished.wait()

    assert transport.written[0] == "before"
    assert json.loads(transport.written[1])["code"] == "first"
    assert len(transport.written) == 2
    assert (transport.close_code, transport.close_reason) == (4001, "first")


@pytest.mark.proves("S43")
async def test_line_that_the_access_does_not_admit_is_dropped(
    connection: Connection, transport: FakeTransport
):
    connection.push(line("of the room", seq=1), OWN_MESSAGES)
    connection.push_block(Block([line("of the room", seq=2)]), OWN_MESSAGES)
    connection.push(line("own", kind="message_held", seq=0, author=USER), OWN_MESSAGES)
    await connection.outbox.drained()

    assert transport.written == ["own"]


@pytest.mark.proves("S43")
async def test_deferred_line_is_checked_again_when_it_is_written(
    connection: Connection, transport: FakeTransport
):
    room = Subscription(connection, USER)
    room.authorize(is_member=True)
    room.finish_sync(0)
    async with connection.storing():
        connection.push(line("own", seq=1, author=USER), room)
        connection.push(line("others", seq=2), room)
        room.end()
    connection.push(line("later", seq=3), room)
    await connection.outbox.drained()

    assert transport.written == []


async def test_nothing_is_written_before_the_client_is_greeted(transport: FakeTransport):
    connection = Connection(Outbox(transport.send, transport=transport))
    connection.start(transport.finished.set)
    connection.push(line("early"), OWN_ROOMS)
    connection.reply(Pong(n=1))
    connection.greeted()
    connection.push(line("late"), OWN_ROOMS)
    await connection.outbox.drained()
    connection.outbox.closed()

    assert transport.written == ['{"type":"pong","n":1}', "early", "late"]
