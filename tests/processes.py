"""The real web, worker and beat processes, on the test database."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import redis
from django.db import connection

from moderado.core.quotas import COUNTED
from moderado.standalone.processes import spawn, stop

UNLIMITED_QUOTAS = {
    f"LIMIT_{quota.upper()}_PER_{whom}": "1000000/minute"
    for quota in COUNTED
    for whom in ("ACCOUNT", "ADDRESS")
} | {"LIMIT_CONNECTIONS": "100000", "LIMIT_CONNECTIONS_PER_ADDRESS": "100000"}
_TERM = signal.SIGTERM
SECONDS_TO_START = 120
SECONDS_TO_STOP = 20


def environment(settings: str) -> dict[str, str]:
    """Return the environment of a process that uses pytest-django's database."""
    name = quote(str(connection.settings_dict["NAME"]))
    return os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "DJANGO_SETTINGS_MODULE": f"moderado.config.settings.{settings}",
    }


@contextmanager
def web(log: Path, extra: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run gunicorn with its real configuration on a free port; yield its URL once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # fmt: off
        command = [
            sys.executable, "-m", "gunicorn", "-c", "python:moderado.config.gunicorn",
            "--bind", f"fd://{listener.fileno()}", "moderado.config.asgi:application",
        ]
        # fmt: on
        process = _start(command, log, environment("web") | dict(extra or {}), listener.fileno())
    try:
        # The socket already listens: the first request waits in it until a worker takes it, and
        # fails at once if no process is left.
        try:
            with urlopen(f"{url}/livez", timeout=SECONDS_TO_START):  # noqa: S310  (our own http)
                pass
        except OSError as error:
            raise AssertionError(f"The web did not start: {error}\n{_tail(log)}") from error
        yield url
    finally:
        stop(process, _TERM, seconds=SECONDS_TO_STOP)


@contextmanager
def worker(
    log: Path, extra: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Celery worker with its real configuration; yield its process once it takes tasks."""
    # fmt: off
    command = [
        sys.executable, "-m", "celery", "-A", "moderado.config.celery", "worker",
        "--without-gossip", "--without-mingle",
    ]
    # fmt: on
    waiting_before = _waiting_for_tasks()
    process = _start(command, log, environment("worker") | dict(extra or {}))
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while _waiting_for_tasks() <= waiting_before:
            assert process.poll() is None, f"The worker ended:\n{_tail(log)}"
            assert time.monotonic() < deadline, f"The worker takes no tasks:\n{_tail(log)}"
            time.sleep(0.05)
        yield process
    finally:
        stop(process, _TERM, seconds=SECONDS_TO_STOP)


@contextmanager
def beat(log: Path, extra: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run beat, which sends the sweep every two seconds."""
    command = [sys.executable, "-m", "celery", "-A", "moderado.config.celery", "beat"]
    process = _start(command, log, environment("worker") | dict(extra or {}))
    try:
        yield
    finally:
        stop(process, _TERM, seconds=SECONDS_TO_STOP)


def wait_until(condition: Callable[[], bool], *, what: str, seconds: float = 60) -> None:
    """Wait until `condition` holds. Raises AssertionError, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Tell whether the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _waiting_for_tasks() -> int:
    """Return how many clients block on the queue, as the broker reports it."""
    url = os.environ.get("BROKER_URL") or os.environ["REDIS_URL"]
    with redis.Redis.from_url(url) as broker:
        number = str(broker.connection_pool.connection_kwargs.get("db", 0))
        return sum(
            client["cmd"] == "brpop" and client["db"] == number for client in broker.client_list()
        )


def _start(
    command: list[str], log: Path, environment: dict[str, str], *descriptors: int
) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return spawn(command, output=output, env=environment, pass_fds=descriptors)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-40:])
