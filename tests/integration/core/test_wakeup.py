"""The wake-up: many notifications, one task, and no blocked caller."""

import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from moderado.core.ids import new_id
from moderado.core.wakeup import Wakeup

DEADLINE = 60


@pytest.fixture
def sent():
    """Counts sent tasks: `acquire` waits for one."""
    return threading.Semaphore(0)


@pytest.fixture
def wakeup(sent):
    return Wakeup(name=str(new_id()), send=sent.release, retry_delay=0.05)


def test_notify_enqueues_a_task(wakeup, sent):
    wakeup.notify()

    assert sent.acquire(timeout=DEADLINE)


def test_only_one_task_is_enqueued_until_acknowledged(wakeup, sent):
    wakeup.notify()
    assert sent.acquire(timeout=DEADLINE)

    for _ in range(20):
        wakeup.notify()
    assert not sent.acquire(timeout=0.2)

    wakeup.acknowledge()
    wakeup.notify()
    assert sent.acquire(timeout=DEADLINE)


def test_idle_worker_receives_exactly_one_signal(wakeup, sent):
    wakeup.notify()
    assert sent.acquire(timeout=DEADLINE)
    assert not wakeup.wait(0.01)

    heard = []
    listening = threading.Thread(target=lambda: heard.append(wakeup.wait(DEADLINE)))
    listening.start()
    wakeup.notify()
    listening.join(DEADLINE)

    assert heard == [True]
    assert not wakeup.wait(0.01)
    assert not sent.acquire(timeout=0.1)


def test_unread_signal_reaches_the_next_wait(wakeup, sent):
    wakeup.notify()
    assert sent.acquire(timeout=DEADLINE)
    wakeup.notify()

    _until(lambda: wakeup.wait(0.01))


def test_failed_notification_is_repeated(sent):
    failures = [RedisConnectionError() for _ in range(3)]

    def send():
        if failures:
            raise failures.pop()
        sent.release()

    wakeup = Wakeup(name=str(new_id()), send=send, retry_delay=0.01)
    wakeup.notify()

    assert sent.acquire(timeout=DEADLINE)
    assert not failures


def test_log_that_cannot_be_written_does_not_end_the_thread(sent, monkeypatch):
    class BrokenLog:
        def warning(self, *_: object, **__: object) -> None:
            raise ValueError("I/O operation on closed file")

    monkeypatch.setattr("moderado.core.wakeup.log", BrokenLog())
    failures = [RedisConnectionError()]

    def send():
        if failures:
            raise failures.pop()
        sent.release()

    Wakeup(name=str(new_id()), send=send, retry_delay=0.01).notify()

    assert sent.acquire(timeout=DEADLINE)


def test_unreachable_redis_raises_nothing(wakeup, sent, settings):
    here, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:9/0"
    wakeup.notify()
    wakeup.acknowledge()
    assert not wakeup.wait(0.01)
    settings.REDIS_URL = here

    _until(lambda: (wakeup.notify(), sent.acquire(timeout=0.05))[1])


def _until(condition):
    over = threading.Event()
    timer = threading.Timer(DEADLINE, over.set)
    timer.start()
    try:
        while not condition():
            assert not over.wait(0.01), "did not happen in time"
    finally:
        timer.cancel()
