"""The pool hands out live connections without asking the server."""

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from moderado.core.pool import PooledConnection
from tests.processes import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool():
    made = ConnectionPool(
        psycopg.conninfo.make_conninfo(**_parameters()),
        kwargs={"autocommit": True},
        connection_class=PooledConnection,
        check=ConnectionPool.check_connection,
        min_size=1,
        max_size=1,
        open=True,
    )
    with made:
        yield made


def _parameters() -> dict[str, object]:
    asked = connection.get_connection_params()
    return {name: asked[name] for name in ("host", "port", "user", "password", "dbname")}


def backend(asked) -> int:
    return asked.execute("SELECT pg_backend_pid()").fetchone()[0]


def test_idle_connection_is_checked_without_a_round_trip(pool):
    with pool.connection() as asked:
        pid = backend(asked)
    with connection.cursor() as cursor:
        cursor.execute("SELECT query_start FROM pg_stat_activity WHERE pid = %s", [pid])
        before = cursor.fetchone()

        with pool.connection() as asked:
            cursor.execute("SELECT query_start FROM pg_stat_activity WHERE pid = %s", [pid])
            assert cursor.fetchone() == before
            assert backend(asked) == pid


def test_connection_closed_by_the_server_is_replaced(pool):
    with pool.connection() as asked:
        pid = backend(asked)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        wait_until(lambda: _is_gone(cursor, pid), what="the session has ended")

    with pool.connection() as asked:
        assert backend(asked) != pid


def _is_gone(cursor, pid: int) -> bool:
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
    return cursor.fetchone() is None


@pytest.mark.proves("R340")
def test_server_that_is_silent_is_given_up(pool, monkeypatch):
    monkeypatch.setattr("moderado.core.pool.SILENCE", 0.2)
    with pytest.raises(psycopg.OperationalError), pool.connection() as asked:
        asked.execute("SELECT pg_sleep(60)")
    assert asked.closed
    with pool.connection() as another:
        assert another is not asked
        assert backend(another)


def test_statement_that_fails_keeps_its_connection(pool):
    with pool.connection() as asked:
        asked.execute("SET statement_timeout = '50ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            asked.execute("SELECT pg_sleep(60)")
        assert not asked.closed
