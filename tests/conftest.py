"""What every test may count on: engines of its own, and nothing left open behind it."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import django
import pytest

from tests import engines

engines.start()  # before Django reads its settings, which want to know where the engines are
django.setup()

from asgiref.sync import SyncToAsync  # noqa: E402
from django.db import connections  # noqa: E402

from tests import processes, proofs  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", action="store_true", help="tell the rows of docs/guarantees.md")
    parser.addoption("--record", action="store_true", help="with --proofs: write their results")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--proofs"):
        config.pluginmanager.register(proofs.Proofs(record=config.getoption("--record")))


def pytest_unconfigure() -> None:
    engines.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Lets the tests empty their own database, whose audit trail refuses to be emptied, and has it
    left by whoever still holds a connection, such as threads of loops that are gone."""
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute(
            "ALTER TABLE moderation_moderationlog DISABLE TRIGGER moderation_log_never_emptied"
        )
    yield
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _close_connections() -> Iterator[None]:
    """Close what asgiref's thread opened, or the test database cannot be dropped."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="module")
def moderado_worker(django_db_setup: None, tmp_path_factory) -> Iterator["subprocess.Popen[bytes]"]:
    """A real Celery worker on the test database, once it takes tasks: its process.

    The test commits for real: `pytest.mark.django_db(transaction=True)`.
    """
    with processes.worker(tmp_path_factory.mktemp("worker") / "log") as process:
        yield process


@pytest.fixture(scope="module")
def live_server_url(django_db_setup: None, tmp_path_factory) -> Iterator[str]:
    """The URL of the real web (gunicorn and its worker) on the test database.

    Its accounts are the test's, password hasher included. The test commits for real:
    `pytest.mark.django_db(transaction=True)`.
    """
    same_hasher = {"DJANGO_SETTINGS_MODULE": "moderado.config.settings.test"}
    with processes.web(tmp_path_factory.mktemp("web") / "log", same_hasher) as url:
        yield url


@pytest.fixture
def clock(time_machine):
    """This process's clock: `clock.shift(seconds)`. Redis and PostgreSQL keep theirs."""
    time_machine.move_to(datetime.now(UTC))
    return time_machine
