"""Threads for work that blocks: no more than needed, and always the same."""

import asyncio
import threading

import pytest

from moderado.realtime.infra.thread_pool import Threads
from tests.processes import wait_until


class Ended:
    """How many threads have called that they are over."""

    def __init__(self) -> None:
        self.times = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.times += 1


@pytest.fixture
def ended() -> Ended:
    return Ended()


def threads_of(ended: Ended, *, rest: float = 10.0) -> Threads:
    return Threads(name="test-threads", rest=rest, when_over=ended)


async def test_what_comes_one_after_the_other_is_done_by_one_thread(ended):
    threads = threads_of(ended)

    done_by = {await threads.carry_out(threading.get_ident) for _ in range(20)}

    assert len(done_by) == 1
    assert done_by != {threading.get_ident()}


async def test_what_comes_at_once_is_done_at_once_and_who_worked_last_works_next(ended):
    threads = threads_of(ended)
    all_are_here = threading.Barrier(3, timeout=10)
    may_end = [threading.Event() for _ in range(3)]

    def meet(number: int) -> int:
        all_are_here.wait()
        may_end[number].wait(10)
        return threading.get_ident()

    at_once = [threads.carry_out(lambda number=number: meet(number)) for number in range(3)]
    last = None
    for event, answer in zip(may_end, at_once, strict=True):
        event.set()
        last = await answer

    assert len({answer.result() for answer in at_once}) == 3
    assert [await threads.carry_out(threading.get_ident) for _ in range(3)] == [last] * 3


async def test_what_the_work_raises_is_raised_and_the_thread_works_on(ended):
    threads = threads_of(ended)

    def mistake() -> int:
        raise ValueError(threading.get_ident())

    with pytest.raises(ValueError, match=r"\d+") as raised:
        await threads.carry_out(mistake)

    assert await threads.carry_out(threading.get_ident) == raised.value.args[0]


async def test_what_nobody_waits_for_any_more_is_done_all_the_same(ended):
    threads = threads_of(ended)
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        done.set()

    answer = threads.carry_out(work)
    await asyncio.to_thread(begun.wait, 10)
    answer.cancel()
    may_end.set()

    assert await asyncio.to_thread(done.wait, 10)
    assert await threads.carry_out(lambda: "and the next") == "and the next"


def test_a_thread_outlives_the_loop_that_asked(ended):
    threads = threads_of(ended)
    may_end = threading.Event()

    async def ask_and_leave() -> None:
        threads.carry_out(lambda: may_end.wait(10) and None)

    asyncio.run(ask_and_leave())
    may_end.set()

    async def ask() -> str:
        return await threads.carry_out(lambda: "still here")

    assert asyncio.run(ask()) == "still here"


async def test_who_rests_for_long_ends_and_another_is_started_when_needed(ended):
    threads = threads_of(ended, rest=0.02)
    first = await threads.carry_out(threading.current_thread)

    await asyncio.to_thread(wait_until, lambda: ended.times == 1, what="the thread is over")
    await asyncio.to_thread(first.join, 10)
    second = await threads.carry_out(threading.current_thread)

    assert not first.is_alive()
    assert second is not first


async def test_work_that_comes_as_a_thread_is_about_to_end_is_done(ended):
    threads = threads_of(ended, rest=0.0)  # each ends at once, unless it is given something more

    for number in range(500):
        assert await threads.carry_out(lambda number=number: number) == number
