"""What can be measured: a server with all it needs, started for one sitting, then thrown away."""

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

import psycopg
import redis

from benchmarks.harness.client import Dialect
from moderado.standalone.home import Home
from moderado.standalone.postgres import postgres
from moderado.standalone.processes import free_port, spawn, stop
from moderado.standalone.valkey import valkey
from tests import processes
from tests.faults.engines import copy_of

ROOT = Path(__file__).resolve().parents[2]
BASELINES = ROOT / "benchmarks" / "baselines"
PATIENCE = 60.0  # seconds until a start has failed


class CannotRun(Exception):
    """This stack cannot be measured on this machine, for the reason given."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's place in one room: what to ask the server for, to sit there."""

    path: str
    person: str = ""
    room: str = ""


class Stack(ABC):
    """`with Tutorial.running(folder, templates) as stack:` has it at work while the block runs."""

    name: ClassVar[str]
    dialect: ClassVar[Dialect]
    backlog: ClassVar[int] = 0  # messages it can judge in a few seconds
    waiting: ClassVar[str] = ""  # a query with a row as long as there is one not judged yet

    def __init__(self, folder: Path, templates: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.database_url = ""
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
        """Raises CannotRun."""
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
        """Everything, and wait until it serves. Raises CannotRun."""

    @abstractmethod
    def populate(self, people: int, rooms: int) -> list[Seat]:
        """New people, the n-th in room n modulo `rooms`: their seats, in this order."""

    def fill(self, count: int) -> int:
        """That many messages wait now, and whoever judges was told so."""
        raise NotImplementedError

    def roots(self) -> dict[str, int]:
        """The processes that everything of the server descends from."""
        return {name: process.pid for name, process in self._processes.items()}

    def signal(self, name: str, number: signal.Signals) -> None:
        """To one of our processes and all its children."""
        os.killpg(self._processes[name].pid, number)

    def value(self, query: str, *values: Any) -> Any:
        """One value from the server's database, by a way of our own."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            row = connection.execute(query, values).fetchone()
        return row[0] if row else None

    def say(self, path: Path) -> str:
        """The end of a log, for people."""
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(lines[-25:])

    def _start_engines(self, *, with_valkey: bool = True) -> None:
        """PostgreSQL as it keeps its promises (fsync on), Valkey with its log: as in `make up`."""
        template = self._templates / self.name
        if not template.exists():
            self._make_template(template)
        home = Home(copy_of(template, self.folder / "engines"))
        self.database_url, process = self._stack.enter_context(postgres(home))
        self._processes["postgres"] = process
        if with_valkey:
            self.redis_url, process = self._stack.enter_context(valkey(home))
            self._processes["valkey"] = process

    def _make_template(self, folder: Path) -> None:
        with postgres(Home(folder)) as (self.database_url, _):
            self._make_tables()

    def _make_tables(self) -> None:  # noqa: B027  (some make theirs when they start)
        """In the empty database at `database_url`."""

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
        def serves() -> bool:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise CannotRun(f"{name} ended:\n{self.say(self.folder / f'{name}.log')}")
            return _answers(f"http://127.0.0.1:{self.port}{path}")

        processes.wait_until(serves, what=f"{self.name} serves", seconds=PATIENCE)

    def _wait_for_worker(self) -> None:
        """Until Celery's worker waits for tasks, as the broker sees it."""
        with redis.Redis.from_url(self.redis_url) as broker:
            processes.wait_until(
                lambda: any(client["cmd"] == "brpop" for client in broker.client_list()),
                what="the worker takes tasks",
                seconds=PATIENCE,
            )

    def _run_script(
        self, arguments: Sequence[str], question: object, environment: Mapping[str, str], cwd: Path
    ) -> Any:
        """What a program of ours, inside the stack's own environment, answers to a question."""
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
        with urlopen(url, timeout=2):  # noqa: S310  (our own http)
            return True
    except URLError as error:
        return hasattr(error, "code")  # also a refusal is an answer
    except OSError:
        return False
