"""The crossing to the database keeps its connections while they are good."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from django.db import connection, connections

from moderado.core.errors import NotFound
from moderado.realtime.infra import db_calls
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.infra.thread_pool import Threads
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Pool:
    """The pool that the bridge's threads take their connections from."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @property
    def taken(self) -> int:
        """How often a connection was taken."""
        return int(self._pool.get_stats()["requests_num"])

    @property
    def resting(self) -> int:
        """How many of its connections nobody has."""
        return int(self._pool.get_stats()["pool_available"])


@pytest_asyncio.fixture
async def pool(monkeypatch) -> AsyncIterator[Pool]:
    """With a bridge that has no thread yet."""
    monkeypatch.setattr(db_calls, "_threads", Threads(name="test", rest=10, when_over=int))
    yield Pool(await run_in_db_thread(lambda: connection.pool)())
    await run_in_db_thread(connections.close_all)()


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _end(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        wait_until(lambda: _is_gone(cursor, pid), what="the session has ended")
    connections.close_all()


def _is_gone(cursor: Any, pid: int) -> bool:
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
    return cursor.fetchone() is None


async def test_one_call_after_the_other_uses_the_same_and_the_pool_is_asked_once(pool):
    first = await run_in_db_thread(_backend)()
    taken = pool.taken

    assert {await run_in_db_thread(_backend)() for _ in range(5)} == {first}
    assert pool.taken == taken


async def test_one_that_the_server_has_ended_is_replaced_and_nobody_notices(pool):
    first = await run_in_db_thread(_backend)()
    await asyncio.to_thread(_end, first)

    assert await run_in_db_thread(_backend)() != first


async def test_whose_call_failed_gives_it_back(pool):
    def fail() -> None:
        _backend()
        raise NotFound

    await run_in_db_thread(_backend)()
    resting = pool.resting
    with pytest.raises(NotFound):
        await run_in_db_thread(fail)()

    assert pool.resting == resting + 1


async def test_it_is_given_back_now_and_then_so_that_the_pool_sees_to_its_age(pool, monkeypatch):
    monkeypatch.setattr(db_calls, "KEPT", 0.0)

    await run_in_db_thread(_backend)()
    taken = pool.taken
    await run_in_db_thread(_backend)()

    assert pool.taken == taken + 1


async def test_after_a_crowd_all_come_back_to_the_pool(pool, monkeypatch):
    rested = Threads(name="test", rest=0.05, when_over=connections.close_all)
    monkeypatch.setattr(db_calls, "_threads", rested)
    resting = pool.resting
    all_are_here = threading.Barrier(3, timeout=10)

    def meet() -> None:
        _backend()
        all_are_here.wait()

    await asyncio.gather(*(run_in_db_thread(meet)() for _ in range(3)))

    await asyncio.to_thread(wait_until, lambda: pool.resting >= resting, what="they are back")
