"""The frames of a connection that are executed in order, beside its new messages."""

import asyncio

import pytest

from moderado.realtime.session import frame_queue
from moderado.realtime.session.frame_queue import FrameQueue
from moderado.realtime.transport.outbox import Outbox
from moderado.realtime.wire.protocol import Ping
from tests.unit.realtime.transport.fake_transport import FakeTransport


class Executor:
    """Notes which frames were executed. Each waits for `may_go_on`."""

    def __init__(self) -> None:
        self.begun: list[int | None] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, frame: Ping) -> None:
        self.begun.append(frame.n)
        await self.may_go_on.wait()


@pytest.fixture
def execute() -> Executor:
    return Executor()


@pytest.fixture
def outbox(transport: FakeTransport) -> Outbox:
    return Outbox(transport.send, transport=transport)


async def settled() -> None:
    """Let every task go on as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_frames_are_executed_one_at_a_time_and_in_order(outbox: Outbox, execute: Executor):
    queue = FrameQueue(outbox, execute)
    for number in range(5):
        await queue.add(Ping(n=number))
    await settled()
    assert (execute.begun, queue.is_idle) == ([0], False)

    execute.may_go_on.set()
    await queue.finished()

    assert (execute.begun, queue.is_idle) == ([0, 1, 2, 3, 4], True)


async def test_full_queue_keeps_the_client_waiting(
    outbox: Outbox, execute: Executor, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(frame_queue, "CAPACITY", 2)
    queue = FrameQueue(outbox, execute)
    for number in range(3):  # one is in work, two wait
        await queue.add(Ping(n=number))
        await settled()
    further = asyncio.create_task(queue.add(Ping(n=3)))
    await settled()
    assert not further.done()

    execute.may_go_on.set()
    await further
    await queue.finished()

    assert execute.begun == [0, 1, 2, 3]


async def test_frame_in_work_is_the_last_of_a_closing_connection(outbox: Outbox, execute: Executor):
    queue = FrameQueue(outbox, execute)
    for number in range(3):
        await queue.add(Ping(n=number))
    await settled()

    outbox.close(1000)
    execute.may_go_on.set()
    await queue.finished()

    assert execute.begun == [0]
