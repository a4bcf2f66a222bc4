"""The thread pool: as many threads as concurrent work, last in, first out."""

import asyncio
import threading

import pytest

from moderado.realtime.infra.thread_pool import ThreadPool
from tests.processes import wait_until


class Exits:
    """Counts the threads that ended."""

    def __init__(self) -> None:
        self.times = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.times += 1


@pytest.fixture
def exits() -> Exits:
    return Exits()


def pool_of(exits: Exits, *, idle_timeout: float = 10.0) -> ThreadPool:
    return ThreadPool(name="test-threads", idle_timeout=idle_timeout, on_thread_exit=exits)


async def test_sequential_work_runs_in_one_thread(exits):
    pool = pool_of(exits)

    threads = {await pool.submit(threading.get_ident) for _ in range(20)}

    assert len(threads) == 1
    assert threads != {threading.get_ident()}


async def test_concurrent_work_runs_at_once_and_last_thread_works_next(exits):
    pool = pool_of(exits)
    all_started = threading.Barrier(3, timeout=10)
    may_end = [threading.Event() for _ in range(3)]

    def meet(number: int) -> int:
        all_started.wait()
        may_end[number].wait(10)
        return threading.get_ident()

    at_once = [pool.submit(lambda number=number: meet(number)) for number in range(3)]
    last = None
    for event, answer in zip(may_end, at_once, strict=True):
        event.set()
        last = await answer

    assert len({answer.result() for answer in at_once}) == 3
    assert [await pool.submit(threading.get_ident) for _ in range(3)] == [last] * 3


async def test_error_is_raised_and_thread_is_reused(exits):
    pool = pool_of(exits)

    def mistake() -> int:
        raise ValueError(threading.get_ident())

    with pytest.raises(ValueError, match=r"\d+") as raised:
        await pool.submit(mistake)

    assert await pool.submit(threading.get_ident) == raised.value.args[0]


async def test_cancelled_work_completes(exits):
    pool = pool_of(exits)
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        done.set()

    answer = pool.submit(work)
    await asyncio.to_thread(begun.wait, 10)
    answer.cancel()
    may_end.set()

    assert await asyncio.to_thread(done.wait, 10)
    assert await pool.submit(lambda: "next") == "next"


def test_thread_outlives_closed_loop(exits):
    pool = pool_of(exits)
    may_end = threading.Event()

    async def ask_and_leave() -> None:
        pool.submit(lambda: may_end.wait(10) and None)

    asyncio.run(ask_and_leave())
    may_end.set()

    async def ask() -> str:
        return await pool.submit(lambda: "still here")

    assert asyncio.run(ask()) == "still here"


async def test_idle_thread_ends_and_next_work_starts_another(exits):
    pool = pool_of(exits, idle_timeout=0.02)
    first = await pool.submit(threading.current_thread)

    await asyncio.to_thread(wait_until, lambda: exits.times == 1, what="the thread has ended")
    await asyncio.to_thread(first.join, 10)
    second = await pool.submit(threading.current_thread)

    assert not first.is_alive()
    assert second is not first


async def test_work_submitted_while_thread_times_out_completes(exits):
    pool = pool_of(exits, idle_timeout=0.0)  # each ends at once, unless it is given something more

    for number in range(500):
        assert await pool.submit(lambda number=number: number) == number
