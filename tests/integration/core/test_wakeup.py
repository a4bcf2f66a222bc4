"""The doorbell: many presses, one ring, and never a caller that waits."""

import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from moderado.core import wakeup as module
from moderado.core.ids import new_id
from moderado.core.wakeup import Wakeup

DEADLINE = 10


@pytest.fixture
def rung():
    """Counts rings: `acquire` waits for one."""
    return threading.Semaphore(0)


@pytest.fixture
def bell(rung):
    return Wakeup(name=str(new_id()), send=rung.release)


def test_a_press_rings(bell, rung):
    bell.notify()

    assert rung.acquire(timeout=DEADLINE)


def test_until_somebody_answers_it_rings_once(bell, rung):
    bell.notify()
    assert rung.acquire(timeout=DEADLINE)

    for _ in range(20):
        bell.notify()
    assert not rung.acquire(timeout=0.2)

    bell.acknowledge()
    bell.notify()
    assert rung.acquire(timeout=DEADLINE)


def test_who_is_at_the_door_hears_a_knock_and_only_one(bell, rung):
    bell.notify()
    assert rung.acquire(timeout=DEADLINE)
    assert not bell.wait(0.01)

    heard = []
    listening = threading.Thread(target=lambda: heard.append(bell.wait(DEADLINE)))
    listening.start()
    bell.notify()
    listening.join(DEADLINE)

    assert heard == [True]
    assert not bell.wait(0.01)
    assert not rung.acquire(timeout=0.1)


def test_a_knock_that_nobody_waited_for_is_heard_by_the_next_who_does(bell, rung):
    bell.notify()
    assert rung.acquire(timeout=DEADLINE)
    bell.notify()

    _until(lambda: bell.wait(0.01))


def test_a_ring_that_could_not_be_sent_is_sent_as_soon_as_it_can_be(rung, monkeypatch):
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    failures = [RedisConnectionError() for _ in range(3)]

    def send():
        if failures:
            raise failures.pop()
        rung.release()

    bell = Wakeup(name=str(new_id()), send=send)
    bell.notify()

    assert rung.acquire(timeout=DEADLINE)
    assert not failures


def test_a_redis_that_is_away_is_nobodys_problem(bell, rung, monkeypatch):
    def away():
        raise RedisConnectionError

    monkeypatch.setattr(module, "client", away)
    bell.notify()
    bell.acknowledge()
    assert not bell.wait(0.01)
    monkeypatch.undo()

    _until(lambda: (bell.notify(), rung.acquire(timeout=0.05))[1])


def _until(condition):
    over = threading.Event()
    timer = threading.Timer(DEADLINE, over.set)
    timer.start()
    try:
        while not condition():
            assert not over.wait(0.01), "did not happen in time"
    finally:
        timer.cancel()
