"""A client never takes all places, and what exceeds the queue fails at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from moderado.core.concurrency import QUEUED, QUEUED_PER_KEY, ConcurrencyLimit
from moderado.core.errors import RateLimited, Unavailable


def nothing():
    pass


@pytest.fixture
def pool():
    with ThreadPoolExecutor(100) as pool:
        yield pool


@pytest.fixture
def until(pool):
    """Wait for a condition."""

    def until(condition):
        deadline = threading.Event()
        for _ in range(2_000):
            if condition():
                return
            deadline.wait(0.005)
        pytest.fail("the condition was never met")

    return until


def occupy(stack, limit, key, times=1):
    for _ in range(times):
        stack.enter_context(limit.place(key, before_waiting=nothing))


def enter(limit, key, order=None):
    with limit.place(key, before_waiting=nothing):
        if order is not None:
            order.append(key)


def test_other_client_has_a_place_while_one_uses_all_of_its_own():
    limit = ConcurrencyLimit(3, queue_timeout=0)
    with ExitStack() as stack:
        occupy(stack, limit, "greedy", 2)

        with pytest.raises(RateLimited):
            enter(limit, "greedy")
        enter(limit, "other")


def test_full_limit_refuses_others_as_unavailable():
    limit = ConcurrencyLimit(2, queue_timeout=0)
    with ExitStack() as stack:
        occupy(stack, limit, "a")
        occupy(stack, limit, "b")

        with pytest.raises(Unavailable):
            enter(limit, "c")


def test_places_are_free_again_after_use_and_after_a_failure():
    limit = ConcurrencyLimit(1, queue_timeout=0)
    with pytest.raises(ZeroDivisionError), limit.place("a", before_waiting=nothing):
        1 / 0  # noqa: B018

    enter(limit, "a")
    enter(limit, "b")


def test_waiting_call_is_admitted_when_a_place_is_free(pool, until):
    limit, waiting = ConcurrencyLimit(1, queue_timeout=60), threading.Event()

    def wait():
        with limit.place("b", before_waiting=waiting.set):
            return "admitted"

    with limit.place("a", before_waiting=nothing):
        result = pool.submit(wait)
        waiting.wait(60)
        assert not result.done()

    assert result.result(60) == "admitted"


def test_call_that_need_not_wait_gives_nothing_back():
    def fail():
        raise AssertionError

    with ConcurrencyLimit(1).place("a", before_waiting=fail):
        pass


def test_queue_of_a_client_is_short(pool, until):
    limit = ConcurrencyLimit(3, queue_timeout=60)
    with ExitStack() as stack:
        occupy(stack, limit, "greedy", 2)
        waiting = [pool.submit(enter, limit, "greedy") for _ in range(QUEUED_PER_KEY)]
        until(lambda: len(limit._queue) == QUEUED_PER_KEY)

        with pytest.raises(RateLimited):
            enter(limit, "greedy")
        enter(limit, "other")  # overtakes the queue of a client that has all its places
    for each in waiting:
        each.result(60)


def test_queue_of_all_clients_is_limited(pool, until):
    limit = ConcurrencyLimit(1, queue_timeout=60)
    with limit.place("a", before_waiting=nothing):
        waiting = [pool.submit(enter, limit, f"b{n}") for n in range(QUEUED)]
        until(lambda: len(limit._queue) == QUEUED)

        with pytest.raises(Unavailable):
            enter(limit, "c")
    for each in waiting:
        each.result(60)


def test_never_more_calls_run_than_places_exist(pool):
    limit = ConcurrencyLimit(3, queue_timeout=60)
    lock, running, most = threading.Lock(), [], []

    def work(key):
        with limit.place(key, before_waiting=nothing):
            with lock:
                running.append(key)
                most.append((len(running), running.count("k0")))
            with lock:
                running.remove(key)

    for each in [pool.submit(work, f"k{n % 20}") for n in range(60)]:
        each.result(60)

    assert max(total for total, _ in most) <= 3
    assert max(of_one for _, of_one in most) <= 2
