"""The test database after its migrations, as tests need it, and empty again after each of them.

The workers of pytest-xdist copy theirs from a template, which the process that starts them makes
while they collect their tests: it migrates once, instead of each of them.
"""

import os
import threading

import psycopg
from django.db import connection, connections, transaction
from pytest_django import DjangoDbBlocker

from moderado.core.database import retry_on_deadlock
from tests.processes import wait_until

# What migrations leave and every test finds.
KEPT = ("django_migrations", "django_content_type", "auth_permission")

TEMPLATE = "TEST_TEMPLATE_DATABASE"  # its name, in the environment of the workers
SECONDS_TO_MIGRATE = 600


class Template:
    """A database with all migrations, made in a thread; `TEMPLATE` names it for the workers."""

    def __init__(self, blocker: DjangoDbBlocker) -> None:
        self._blocker = blocker
        self._name = os.environ[TEMPLATE] = f"test_template_{os.getpid()}"
        self._thread = threading.Thread(target=self._make)
        self._thread.start()

    def drop(self) -> None:
        self._thread.join()
        with _server() as server:
            server.execute(f"DROP DATABASE IF EXISTS {self._name}")

    def _make(self) -> None:
        unfinished = connection.settings_dict["TEST"]["NAME"] = f"{self._name}_unfinished"
        with self._blocker.unblock():
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            prepare()
        connections.close_all()
        connection.close_pool()
        with _server() as server:
            server.execute(f"ALTER DATABASE {unfinished} RENAME TO {self._name}")


def use_template() -> None:
    """Let Django copy the test database from the template, where there is one, once it is ready."""
    if name := os.environ.get(TEMPLATE):
        with _server() as server:
            find = "SELECT FROM pg_database WHERE datname = %s"
            wait_until(
                lambda: server.execute(find, [name]).rowcount == 1,
                what="a template with all migrations",
                seconds=SECONDS_TO_MIGRATE,
            )
        connection.settings_dict["TEST"] |= {"TEMPLATE": name, "MIGRATE": False}


def _server() -> psycopg.Connection[tuple[object, ...]]:
    """Connect to the database that the engines were started with."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def prepare() -> None:
    """Let tests truncate their database, and remove the rows that migrations have made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE '%_never_emptied'"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        # Without a stored policy, the settings of each test decide. Likewise the queues: a test
        # makes those that it needs.
        cursor.execute("TRUNCATE moderation_policy, enforcement_queue CASCADE")


@retry_on_deadlock
def empty() -> None:
    """Delete the rows of all tables but `KEPT`, when a test that commits has ended.

    A test fills few tables with few rows: to delete those costs a fiftieth of Django's `flush`,
    which makes new files for every table and index, and the permissions again.

    The locks wait for transactions of processes that the test has started, as TRUNCATE does. If
    such a transaction waits for them in turn, all is repeated.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = current_schema::regnamespace AND relname <> ALL(%s)",
            [list(KEPT)],
        )
        tables = [table for (table,) in cursor.fetchall()]
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (TABLE {table})" for table in tables)
        )
        filled = [table for (table,) in cursor.fetchall()]
        # No trigger refuses, and no foreign key looks for rows that are deleted, too.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608  (named by PostgreSQL)
