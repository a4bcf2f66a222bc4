"""The crossing to the database: bounded, and an outage is an answer."""

import asyncio
import contextlib
import threading

import psycopg
import pytest
from django.db import InternalError, OperationalError

from moderado.core.errors import Unavailable
from moderado.realtime.infra import db_calls
from moderado.realtime.infra.db_calls import Gate, run_in_db_thread


@pytest.fixture(autouse=True)
def _without_a_database(monkeypatch):
    monkeypatch.setattr(db_calls.connections, "close_all", lambda: None)


async def test_the_work_is_done_elsewhere_and_its_answer_comes_back():
    def add(one: int, *, two: int) -> tuple[int, str]:
        return one + two, threading.current_thread().name

    answer, thread = await run_in_db_thread(add)(1, two=2)

    assert answer == 3
    assert thread.startswith("bridge")


async def test_an_outage_is_unavailable_and_any_other_error_is_itself():
    def outage() -> None:
        raise OperationalError("server closed the connection; password=secret")

    def mistake() -> None:
        raise ValueError("a mistake")

    with pytest.raises(Unavailable) as refused:
        await run_in_db_thread(outage)()
    assert "secret" not in str(refused.value)
    with pytest.raises(ValueError, match="a mistake"):
        await run_in_db_thread(mistake)()


@pytest.mark.parametrize("code", ["25P03", "25P04", "25006"])
async def test_a_session_that_was_ended_and_a_replica_are_outages_too(code):
    def ended() -> None:
        raise InternalError from psycopg.errors.lookup(code)()

    with pytest.raises(Unavailable):
        await run_in_db_thread(ended)()


async def test_one_slow_query_delays_nobody_else():
    slow = threading.Event()
    waiting = asyncio.create_task(run_in_db_thread(slow.wait)())

    async with asyncio.timeout(2):
        assert await run_in_db_thread(lambda: "at once")() == "at once"
    slow.set()
    await waiting


@pytest.mark.parametrize("pool", [2, 3, 4, 12, 100])
def test_sockets_leave_some_of_the_pool_to_everybody_else(settings, pool):
    settings.ENV = settings.ENV.model_copy(update={"db_pool_size": pool})

    assert 1 <= db_calls._width() < pool


async def test_who_finds_all_busy_is_refused_in_a_moment(monkeypatch):
    monkeypatch.setattr(db_calls, "PATIENCE", 0.05)
    gate = Gate(width=2)

    await gate.enter()
    await gate.enter()
    with pytest.raises(Unavailable):
        await gate.enter()

    _leave(gate)
    await gate.enter()


async def test_only_so_many_may_wait(monkeypatch):
    monkeypatch.setattr(db_calls, "WAITING", 1)
    gate = Gate(width=1)

    async def enter() -> None:
        await gate.enter()
        await asyncio.sleep(0.01)
        _leave(gate)

    results = await asyncio.gather(*(enter() for _ in range(5)), return_exceptions=True)

    assert [type(result) for result in results] == [type(None)] * 2 + [Unavailable] * 3


async def test_a_database_that_does_not_answer_is_given_up_and_its_thread_is_not(monkeypatch):
    monkeypatch.setattr(db_calls, "ANSWER", 0.05)
    monkeypatch.setattr(db_calls, "PATIENCE", 0.05)
    monkeypatch.setattr(db_calls, "_width", lambda: 2)
    answers = threading.Event()
    hang = run_in_db_thread(lambda: answers.wait(10))
    db_calls._gates.clear()

    for _ in range(2):
        with pytest.raises(Unavailable):
            await hang()
    with pytest.raises(Unavailable):
        await run_in_db_thread(lambda: None)()  # both places are taken still
    answers.set()

    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(Unavailable):
                assert await run_in_db_thread(lambda: "there")() == "there"
                break
    db_calls._gates.clear()


def _leave(gate: Gate) -> None:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    gate.leave(done)
