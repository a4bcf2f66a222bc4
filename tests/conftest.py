"""Fixtures of all tests: engines where a test needs them, and clean-up after each test."""

import gc
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import django
import pytest
from asgiref.sync import SyncToAsync
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings
from pytest_django.plugin import blocking_manager_key

from moderado.core import failpoints, limits
from tests import databases, engines, processes, proofs

UNIT = Path(__file__).parent / "unit"
WORKERS_PER_CORE = 2  # each takes ten seconds of a core to import all tests
MOST_WORKERS = 12  # each needs some 20 of PostgreSQL's connections

# How long an example takes says something of the machine, and nothing of what is tested.
settings.register_profile("moderado", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("moderado")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    parser.addoption("--proofs", action="store_true", help="report the rows of docs/guarantees.md")
    parser.addoption("--record", action="store_true", help="with --proofs: write their results")
    # Here, because the conftest modules of folders, which import models, are loaded right after
    # this hook and before every other.
    config = pluginmanager.get_plugin("pytestconfig")
    options = config.known_args_namespace
    runs_none = options.collectonly or options.markexpr == "rules"
    if not runs_none and _needs_engines(options.file_or_dir, config.invocation_params.dir):
        engines.start(workers=bool(getattr(options, "numprocesses", None)))
    else:
        engines.start_none()
    django.setup()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--proofs"):
        config.pluginmanager.register(proofs.Proofs(record=config.getoption("--record")))
    if config.getoption("numprocesses", None):
        engines.leave_settings_to_workers()


def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    if engines.serve_databases():
        template = databases.Template(config.stash[blocking_manager_key])
        engines.before_stop(template.drop)


def pytest_xdist_auto_num_workers() -> int:
    """Workers of `-n auto`: tests wait for processes and deadlines more than they compute."""
    return min(WORKERS_PER_CORE * len(os.sched_getaffinity(0)), MOST_WORKERS)


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """Begin in the default language: a request leaves the one of its answer to the thread."""
    translation.deactivate()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for garbage once, when all modules are imported, and then no more among what they made.

    These are half a million objects, and garbage is looked for after every module.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start slow modules first, so that no worker ends long after the others."""
    rank = {}
    for item in items:
        here = [item.get_closest_marker(mark) is None for mark in ("browser", "slow", "e2e")]
        rank[item.path] = min(here, rank.get(item.path, here))
    items.sort(key=lambda item: rank[item.path])


def pytest_unconfigure() -> None:
    engines.stop()


def _needs_engines(arguments: list[str], folder: Path) -> bool:
    """Whether the paths on the command line lead to more than unit tests."""
    paths = [folder / argument.partition("::")[0] for argument in arguments]
    return not paths or not all(path.resolve().is_relative_to(UNIT) for path in paths)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings) -> None:
    databases.use_template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Prepare the test database, empty it after tests that commit, and drop it at the end.

    Connections of event loops that have ended would keep the database from being dropped.
    """
    with django_db_blocker.unblock():
        databases.prepare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: databases.empty())
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


@pytest.fixture(autouse=True)
def _undo_faults() -> Iterator[None]:
    """Undo what a test broke, even if it failed: a process runs many tests.

    Limits would be counted in this process for 5 s after Redis failed in a test, and from nothing
    on in Redis in the middle of a later one.
    """
    yield
    failpoints.arm("")
    limits.try_redis()


@pytest.fixture(autouse=True, scope="module")
def _collect_garbage() -> Iterator[None]:
    """Find what the module's tests left open here, and not during a test of another module."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def _empty_at_end(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Delete what the processes of a module stored after its last test: they have ended."""
    yield
    with django_db_blocker.unblock():
        databases.empty()


@pytest.fixture(scope="module")
def moderado_worker(_empty_at_end: None, tmp_path_factory) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of a real Celery worker on the test database, ready for tasks.

    The test commits for real: `pytest.mark.django_db(transaction=True)`.
    """
    with processes.worker(tmp_path_factory.mktemp("worker") / "log") as process:
        yield process


@pytest.fixture(scope="module")
def live_server_url(_empty_at_end: None, tmp_path_factory) -> Iterator[str]:
    """The URL of the real web process (gunicorn with a worker) on the test database.

    It uses the password hasher of the tests. The test commits for real:
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
