"""What every socket holds behaves as what asyncio has, and is small."""

import asyncio
import tracemalloc

import pytest

from moderado.realtime.transport.compact import Event, Inbox


@pytest.fixture
async def waits():
    tasks = []

    async def begin(work):
        tasks.append(asyncio.create_task(work))
        await asyncio.sleep(0)
        return tasks[-1]

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_event_lets_pass_all_who_wait_and_all_who_come(waits):
    event = Event()
    first, second = await waits(event.wait()), await waits(event.wait())
    assert not first.done()

    event.set()

    assert event.is_set()
    assert await asyncio.gather(first, second, event.wait()) == [True] * 3


async def test_who_waited_for_an_event_passes_though_it_was_cleared_at_once(waits):
    event = Event()
    before = await waits(event.wait())

    event.set()
    event.clear()
    after = await waits(event.wait())

    assert await before
    assert not event.is_set()
    assert not after.done()


async def test_who_no_longer_waits_for_an_event_is_forgotten(waits):
    event = Event()
    gone, stays = await waits(event.wait()), await waits(event.wait())

    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert len(event._waiting) == 1
    event.set()

    assert await stays


async def test_an_event_that_is_set_while_somebody_is_taken_away_lets_the_others_pass(waits):
    event = Event()
    gone, stays = await waits(event.wait()), await waits(event.wait())

    gone.cancel()
    event.set()

    assert await stays
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_an_inbox_gives_what_was_put_in_its_order(waits):
    inbox = Inbox()
    first = await waits(inbox.get())
    assert inbox.empty()

    for item in "abc":
        inbox.put_nowait(item)

    assert await first == "a"
    assert len(inbox) == 2
    assert [await inbox.get(), await inbox.get()] == ["b", "c"]
    assert inbox.empty()


async def test_who_no_longer_waits_at_an_inbox_takes_nothing_away(waits):
    inbox = Inbox()
    gone = await waits(inbox.get())

    inbox.put_nowait("a")
    gone.cancel()

    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await inbox.get() == "a"


@pytest.mark.parametrize(("ours", "asyncio_s"), [(Event, asyncio.Event), (Inbox, asyncio.Queue)])
async def test_it_takes_a_fifth_of_the_memory_at_most(ours, asyncio_s):
    assert _size(ours) <= _size(asyncio_s) / 5


def _size(kind, many=500):
    tracemalloc.start()
    try:
        held = [kind() for _ in range(many)]
        return tracemalloc.get_traced_memory()[0] / len(held)
    finally:
        tracemalloc.stop()
