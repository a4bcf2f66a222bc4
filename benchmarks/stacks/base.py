"""A stack: a server with its engines, started for one group of workloads and then deleted."""

import json
import os
import shutil
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.error import URLError
from urllib.request import urlopen

import redis

from benchmarks.harness.client import Dialect
from moderado.standalone.home import Home
from moderado.standalone.postgres import Postgres, postgres
from moderado.standalone.processes import free_port, spawn, stop
from moderado.standalone.valkey import Valkey, valkey
from tests import processes
from tests.faults.engines import copy_of

ROOT = Path(__file__).resolve().parents[2]
BASELINES = ROOT / "benchmarks" / "baselines"
START_TIMEOUT = 60.0  # seconds


class CannotRun(Exception):
    """This stack cannot run on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One user in one room; `path` is what its socket requests."""

    path: str
    person: str = ""
    room: str = ""


class Stack(ABC):
    """A server under test: `with Tutorial.running(folder, templates) as stack:` runs it."""

    name: ClassVar[str]
    dialect: ClassVar[Dialect]
    backlog: ClassVar[int] = 0  # messages it judges in a few seconds
    pending_query: ClassVar[str] = ""  # a query that returns a row while messages are pending

    def __init__(self, folder: Path, templates: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.database_url = ""  # of the role that owns the database
        self.application_url = ""  # of the role that Chat Moderado's processes use
        self.redis_url = ""
        self._templates = templates
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    @classmethod
    @contextmanager
    def running(
        cls, folder: Path, templates: Path, environment: Mapping[str, str] | None = None
    ) -> Iterator[Self]:
        """Start the stack; stop it and delete `folder` when the block ends.

        Args:
            folder: A new folder for its data and logs.
            templates: Where initialized databases are cached between starts.
            environment: Variables for the server.

        Raises:
            CannotRun: The stack cannot start.
        """
        folder.mkdir()
        stack = cls(folder, templates, environment or {})
        try:
            with stack._stack:
                stack.start()
                yield stack
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @abstractmethod
    def start(self) -> None:
        """Start all processes and wait until the server answers. Raises CannotRun."""

    @abstractmethod
    def populate(self, people: int, rooms: int) -> list[Seat]:
        """Create users, the n-th in room n modulo `rooms`, and return their seats in order."""

    def fill(self, count: int) -> int:
        """Store `count` pending messages and notify the worker. Return how many were stored."""
        raise NotImplementedError

    def roots(self) -> dict[str, int]:
        """Return the root process of each part of the server, by name."""
        return {name: process.pid for name, process in self._processes.items()}

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the process group of one part."""
        os.killpg(self._processes[name].pid, number)

    def log_tail(self, path: Path) -> str:
        """Return the last 25 lines of a log."""
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(lines[-25:])

    def _start_engines(self, *, with_valkey: bool = True) -> None:
        """Start durable PostgreSQL and Valkey (fsync, append-only file), as `make up` does."""
        template = self._templates / self.name
        if not template.exists():
            self._create_template(template)
        home = Home(copy_of(template, self.folder / "engines"))
        self._keep("postgres", self._use(self._stack.enter_context(postgres(home))))
        if with_valkey:
            cache = self._stack.enter_context(valkey(home))
            self.redis_url = cache.url
            self._keep("valkey", cache)

    def _create_template(self, folder: Path) -> None:
        with postgres(Home(folder)) as server:
            self._use(server)
            self._create_tables()

    def _use(self, server: Postgres) -> Postgres:
        self.database_url, self.application_url = server.owner_url, server.application_url
        return server

    def _keep(self, name: str, server: Postgres | Valkey) -> None:
        assert server.process is not None, "it was started"
        self._processes[name] = server.process

    def _create_tables(self) -> None:  # noqa: B027  (some stacks create theirs when they start)
        """Create the tables in the empty database at `database_url`."""

    def _start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], **options: Any
    ) -> None:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = spawn(command, output=output, env=dict(environment), **options)
        self._processes[name] = process
        self._stack.callback(self._end, process)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        for number in (signal.SIGCONT, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, number)
        stop(process, signal.SIGKILL, seconds=5)

    def _wait_until_serving(self, path: str = "/") -> None:
        def is_serving() -> bool:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise CannotRun(f"{name} ended:\n{self.log_tail(self.folder / f'{name}.log')}")
            return _answers(f"http://127.0.0.1:{self.port}{path}")

        processes.wait_until(is_serving, what=f"{self.name} serves", seconds=START_TIMEOUT)

    def _wait_for_worker(self) -> None:
        """Wait until the broker sees Celery's worker wait for tasks."""
        with redis.Redis.from_url(self.redis_url) as broker:
            processes.wait_until(
                lambda: any(client["cmd"] == "brpop" for client in broker.client_list()),
                what="the worker takes tasks",
                seconds=START_TIMEOUT,
            )

    def _run_script(
        self, arguments: Sequence[str], question: object, environment: Mapping[str, str], cwd: Path
    ) -> Any:
        """Run a Python program in the stack's environment.

        Args:
            question: Its standard input, as JSON.

        Returns:
            Its standard output, parsed as JSON; None if it is empty.
        """
        answer = subprocess.run(
            [sys.executable, *arguments],
            input=json.dumps(question),
            env=dict(environment),
            cwd=cwd,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return json.loads(answer.stdout) if answer.stdout else None


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2):  # noqa: S310  (local HTTP)
            return True
    except URLError as error:
        return hasattr(error, "code")  # an error status is an answer too
    except OSError:
        return False
