"""What waits to be written to one client: its order, its limits, and its end."""

import asyncio

import pytest

from moderado.realtime.transport.outbox import Outbox
from moderado.realtime.wire.encode import text_frame
from tests.unit.realtime.transport.fake_transport import FakeTransport


@pytest.fixture
async def outbox(transport: FakeTransport):
    outbox = Outbox(transport.send, transport=transport)
    outbox.start(transport.finished.set, name="writer")
    yield outbox
    outbox.closed()


async def test_frames_are_written_in_order(outbox: Outbox, transport: FakeTransport):
    for number in range(100):
        outbox.append(str(number))
    await outbox.drained()

    assert transport.written == [str(number) for number in range(100)]


@pytest.mark.parametrize(("frames", "size"), [(300, 10), (40, 40_000)])
async def test_full_outbox_is_dropped_and_closes_with_4008(
    outbox: Outbox, transport: FakeTransport, frames, size
):
    transport.open.clear()

    for _ in range(frames):
        outbox.append("x" * size)
    assert len(outbox) == 0
    transport.open.set()
    await transport.finished.wait()

    assert transport.close_code == 4008
    assert len(transport.written) <= 1


async def test_peer_that_does_not_complete_the_closing_handshake_is_aborted(
    transport: FakeTransport,
):
    outbox = Outbox(transport.send, transport=transport, close_grace=0.05)
    outbox.start(transport.finished.set, name="writer")
    transport.open.clear()

    outbox.append("waits")
    outbox.close(4001)
    async with asyncio.timeout(10):
        await transport.finished.wait()

    assert transport.aborted
    assert transport.close_code is None


async def test_closing_outbox_writes_what_waits_and_nothing_later(
    outbox: Outbox, transport: FakeTransport
):
    outbox.append("before")
    outbox.close(4001)
    outbox.append("after")
    outbox.close(4003)
    await transport.finished.wait()

    assert transport.written == ["before"]
    assert transport.close_code == 4001


@pytest.mark.proves("R146")
async def test_frame_that_is_being_written_is_waited_for(outbox: Outbox, transport: FakeTransport):
    transport.open.clear()
    outbox.append("confirmed")
    while len(outbox):
        await asyncio.sleep(0)

    drained = asyncio.create_task(outbox.drained())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not drained.done()
    transport.open.set()
    await drained

    assert transport.written == ["confirmed"]


async def test_backpressure_ends_once_the_client_has_read(outbox: Outbox, transport: FakeTransport):
    transport.open.clear()
    for number in range(100):
        outbox.append(str(number))

    waiting = asyncio.create_task(outbox.wait_writable())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    transport.open.set()
    await waiting
    await outbox.drained()

    assert len(transport.written) == 100


async def test_lost_connection_ends_the_writer_without_an_error(transport: FakeTransport):
    async def lost(_message) -> None:
        raise OSError

    outbox = Outbox(lost)
    outbox.start(transport.finished.set, name="writer")
    outbox.append("x")
    await transport.finished.wait()

    assert outbox.closing == 1006


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
async def test_text_frame_is_encoded_as_in_rfc_6455(size):
    transport = FakeTransport(direct=True)
    text = "á" * (size // 2) + "x" * (size % 2)

    assert transport.write_now(text_frame(text) * 2)
    assert transport.written == [text, text]


@pytest.mark.proves("R62")
async def test_client_that_takes_nothing_is_closed_after_a_while():
    transport = FakeTransport(direct=False)
    outbox = Outbox(transport.send, transport=transport, stall_seconds=0.05)
    outbox.start(transport.finished.set, name="writer")
    transport.open.clear()

    outbox.append("waits")
    async with asyncio.timeout(10):
        while outbox.closing is None:
            await asyncio.sleep(0.01)

    assert outbox.closing == 4008
    outbox.closed()


@pytest.mark.proves("R62")
@pytest.mark.parametrize("by", ["frames", "bytes"])
async def test_client_that_takes_a_little_is_waited_for(by, monkeypatch):
    transport = FakeTransport(direct=False)
    taken = 0
    monkeypatch.setattr(transport, "acknowledged", lambda: taken)
    outbox = Outbox(transport.send, transport=transport, stall_seconds=0.05)
    outbox.start(transport.finished.set, name="writer")
    transport.open.clear()
    for _ in range(50):
        outbox.append("waits")

    for _ in range(40):
        if by == "bytes":
            taken += 1
        else:
            transport.open.set()
            await asyncio.sleep(0)
            transport.open.clear()
        outbox._check_progress((0, -1))  # as the timer does, without waiting for it
        assert outbox.closing is None
    outbox.closed()


@pytest.mark.proves("R62")
@pytest.mark.parametrize(("frames", "size"), [(64, 1), (3, 100 * 1024)])
async def test_congestion_counts_frames_and_bytes(frames, size):
    transport = FakeTransport(direct=False)
    outbox = Outbox(transport.send, transport=transport)
    outbox.start(transport.finished.set, name="writer")
    transport.open.clear()
    for _ in range(frames):
        assert not outbox.is_congested
        outbox.append("x" * size)
    assert outbox.is_congested

    waiting = asyncio.create_task(outbox.wait_writable())
    await asyncio.sleep(0)
    assert not waiting.done()
    transport.open.set()
    await waiting

    assert not outbox.is_congested
    outbox.closed()
