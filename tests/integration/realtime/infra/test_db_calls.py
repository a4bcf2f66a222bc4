"""Database calls of the event loop reuse connections while they are good."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from django.db import connection, connections

from moderado.core import redis
from moderado.core.errors import NotFound
from moderado.realtime.infra.db_calls import DbCalls, Limits
from tests.memory import without_collector
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

# Long enough that no thread becomes idle while a test runs.
KEEP = Limits(idle_timeout=10)


class Pool:
    """psycopg's connection pool of this process."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @property
    def taken(self) -> int:
        """How often a connection was taken."""
        return int(self._pool.get_stats()["requests_num"])

    @property
    def available(self) -> int:
        """How many of its connections are not in use."""
        return int(self._pool.get_stats()["pool_available"])


@pytest_asyncio.fixture
async def calls() -> AsyncIterator[DbCalls]:
    calls = DbCalls(limits=KEEP)
    yield calls
    await calls.wrap(connections.close_all)()


@pytest_asyncio.fixture
async def pool(calls: DbCalls) -> Pool:
    return Pool(await calls.wrap(lambda: connection.pool)())


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _terminate(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        wait_until(lambda: _is_gone(cursor, pid), what="the session has ended")
    connections.close_all()


def _is_gone(cursor: Any, pid: int) -> bool:
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
    return cursor.fetchone() is None


async def test_sequential_calls_reuse_one_connection(calls: DbCalls, pool: Pool):
    first = await calls.wrap(_backend)()
    taken = pool.taken

    assert {await calls.wrap(_backend)() for _ in range(5)} == {first}
    assert pool.taken == taken


async def test_connection_that_the_server_ended_is_replaced(calls: DbCalls, pool: Pool):
    first = await calls.wrap(_backend)()
    await asyncio.to_thread(_terminate, first)

    assert await calls.wrap(_backend)() != first


async def test_failed_call_returns_its_connection(calls: DbCalls, pool: Pool):
    def fail() -> None:
        _backend()
        raise NotFound

    await calls.wrap(_backend)()
    available = pool.available
    with pytest.raises(NotFound):
        await calls.wrap(fail)()

    assert pool.available == available + 1


async def test_old_connection_is_returned_after_its_call(pool: Pool):
    calls = DbCalls(limits=Limits(connection_max_age=0, idle_timeout=10))

    await calls.wrap(_backend)()
    taken = pool.taken
    await calls.wrap(_backend)()

    assert pool.taken == taken + 1


async def test_idle_threads_return_their_connections(pool: Pool):
    calls = DbCalls(limits=Limits(idle_timeout=0.05))
    available = pool.available
    all_started = threading.Barrier(3, timeout=10)

    def meet() -> None:
        _backend()
        all_started.wait()

    await asyncio.gather(*(calls.wrap(meet)() for _ in range(3)))

    await asyncio.to_thread(
        wait_until, lambda: pool.available >= available, what="connections are returned"
    )


@pytest.mark.proves("R322")
async def test_idle_threads_leave_nothing_to_the_garbage_collector(pool: Pool, monkeypatch):
    calls = DbCalls(limits=Limits(idle_timeout=0.05))
    monkeypatch.setattr(redis, "SHARED_CALLS", 0)
    available = pool.available
    kept = set()

    def ask_both() -> tuple[int, int]:
        _backend()
        return id(connections["default"]), redis.client().client_id()

    with without_collector():
        for _ in range(3):
            kept.add(await calls.wrap(ask_both)())
            await asyncio.to_thread(
                wait_until, lambda: pool.available >= available, what="the thread is idle"
            )

    assert len(kept) == 1
