"""Database calls of the event loop: limited in number and time, without a database here."""

import asyncio
import contextlib
import threading

import psycopg
import pytest
from django.db import InternalError, OperationalError

from moderado.core.errors import Unavailable
from moderado.realtime.infra import db_calls
from moderado.realtime.infra.db_calls import CallLimiter, DbCalls, Limits, default_width


@pytest.fixture(autouse=True)
def _without_a_database(monkeypatch):
    monkeypatch.setattr(db_calls.connections, "close_all", lambda: None)


@pytest.fixture
def calls(_without_a_database) -> DbCalls:
    return DbCalls()


async def test_call_runs_in_thread_of_pool(calls: DbCalls):
    def add(one: int, *, two: int) -> tuple[int, str]:
        return one + two, threading.current_thread().name

    answer, thread = await calls.wrap(add)(1, two=2)

    assert (answer, thread) == (3, "db-call")


async def test_outage_becomes_unavailable_without_its_text(calls: DbCalls):
    def outage() -> None:
        raise OperationalError("server closed the connection; password=secret")

    with pytest.raises(Unavailable) as refused:
        await calls.wrap(outage)()
    assert "secret" not in str(refused.value)


async def test_other_error_is_raised_unchanged(calls: DbCalls):
    def mistake() -> None:
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        await calls.wrap(mistake)()


@pytest.mark.parametrize("code", ["25P03", "25P04", "25006"])
async def test_terminated_session_and_read_only_server_become_unavailable(calls: DbCalls, code):
    def ended() -> None:
        raise InternalError from psycopg.errors.lookup(code)()

    with pytest.raises(Unavailable):
        await calls.wrap(ended)()


async def test_slow_call_does_not_delay_others(calls: DbCalls):
    slow = threading.Event()
    waiting = asyncio.create_task(calls.wrap(slow.wait)())

    async with asyncio.timeout(2):
        assert await calls.wrap(lambda: "at once")() == "at once"
    slow.set()
    await waiting


@pytest.mark.parametrize("pool", [2, 3, 4, 12, 100])
def test_default_width_leaves_connections_to_rest(settings, pool):
    settings.ENV = settings.ENV.model_copy(update={"db_pool_size": pool})

    assert 1 <= default_width() < pool


async def test_limiter_refuses_when_no_call_ends_in_time():
    limiter = CallLimiter(2, Limits(queue_timeout=0.05))

    await limiter.acquire()
    await limiter.acquire()
    with pytest.raises(Unavailable):
        await limiter.acquire()

    release(limiter)
    await limiter.acquire()


async def test_limiter_refuses_when_too_many_wait():
    limiter = CallLimiter(1, Limits(queued_per_thread=1))

    async def enter() -> None:
        await limiter.acquire()
        await asyncio.sleep(0.01)
        release(limiter)

    results = await asyncio.gather(*(enter() for _ in range(5)), return_exceptions=True)

    assert [type(result) for result in results] == [type(None)] * 2 + [Unavailable] * 3


async def test_call_without_answer_fails_and_occupies_its_thread_until_it_ends():
    calls = DbCalls(width=2, limits=Limits(call_timeout=0.05, queue_timeout=0.05))
    answers = threading.Event()
    hang = calls.wrap(lambda: answers.wait(10))

    for _ in range(2):
        with pytest.raises(Unavailable):
            await hang()
    with pytest.raises(Unavailable):
        await calls.wrap(lambda: None)()  # both threads are still occupied
    answers.set()

    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(Unavailable):
                assert await calls.wrap(lambda: "there")() == "there"
                break


def release(limiter: CallLimiter) -> None:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    limiter.release(done)
