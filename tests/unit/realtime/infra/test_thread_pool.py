"""The thread pool: as many threads as concurrent work, last in, first out."""

import asyncio
import threading

import pytest

from moderado.realtime.infra.thread_pool import ThreadPool
from tests.processes import wait_until


class Idles:
    """Counts the threads that gave back what they held."""

    def __init__(self) -> None:
        self.times = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.times += 1


@pytest.fixture
def idles() -> Idles:
    return Idles()


def pool_of(idles: Idles, *, idle_timeout: float = 10.0) -> ThreadPool:
    return ThreadPool(name="test-threads", idle_timeout=idle_timeout, on_idle=idles)


async def test_sequential_work_runs_in_one_thread(idles):
    pool = pool_of(idles)

    threads = {await pool.submit(threading.get_ident) for _ in range(20)}

    assert len(threads) == 1
    assert threads != {threading.get_ident()}


async def test_concurrent_work_runs_at_once_and_last_thread_works_next(idles):
    pool = pool_of(idles)
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


async def test_error_is_raised_and_thread_is_reused(idles):
    pool = pool_of(idles)

    def mistake() -> int:
        raise ValueError(threading.get_ident())

    with pytest.raises(ValueError, match=r"\d+") as raised:
        await pool.submit(mistake)

    assert await pool.submit(threading.get_ident) == raised.value.args[0]


async def test_cancelled_work_completes(idles):
    pool = pool_of(idles)
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


def test_thread_outlives_closed_loop(idles):
    pool = pool_of(idles)
    may_end = threading.Event()

    async def ask_and_leave() -> None:
        pool.submit(lambda: may_end.wait(10) and None)

    asyncio.run(ask_and_leave())
    may_end.set()

    async def ask() -> str:
        return await pool.submit(lambda: "still here")

    assert asyncio.run(ask()) == "still here"


async def test_idle_thread_gives_back_what_it_holds_and_works_again(idles):
    pool = pool_of(idles, idle_timeout=0.02)
    threads = set()

    for round_ in range(1, 4):
        threads.add(await pool.submit(threading.current_thread))
        await asyncio.to_thread(wait_until, lambda n=round_: idles.times == n, what="it is idle")

    assert len(threads) == 1


async def test_thread_that_fails_to_give_back_works_again():
    def fail() -> None:
        failed.set()
        raise ValueError

    failed = threading.Event()
    pool = ThreadPool(name="test-threads", idle_timeout=0.02, on_idle=fail)
    first = await pool.submit(threading.get_ident)

    assert await asyncio.to_thread(failed.wait, 10)
    assert await pool.submit(threading.get_ident) == first


async def test_work_submitted_while_thread_times_out_completes(idles):
    pool = pool_of(idles, idle_timeout=0.0)  # each gives back at once, unless it is given work

    for number in range(500):
        assert await pool.submit(lambda number=number: number) == number
