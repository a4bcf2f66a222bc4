"""The whole product as real processes on its own engines. Every part can be killed.

Use it from the main thread: the kernel kills the children when the thread that started them ends.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from moderado.core import failpoints
from moderado.standalone.processes import spawn, stop
from tests import processes
from tests.faults.engines import Postgres, Valkey, copy_of, lasting_port
from tests.faults.judge import Judge, Manner
from tests.faults.wire import Wire

START = 60.0  # seconds until a process must be ready
STOP = 40.0  # seconds until a process must have stopped

# One Valkey database for each purpose, so that a fault hits only one of them.
REDIS, BROKER, LAYER = 0, 1, 2

SECRET_KEY = secrets.token_hex(32)  # of all processes of this run
GENEROUS = {
    "LIMIT_MESSAGES_PER_USER": "1000000/minute",
    "LIMIT_MESSAGES_PER_ROOM": "1000000/minute",
    "LIMIT_FRAMES_PER_SECOND": "100000",
    "LIMIT_FRAMES_BURST": "100000",
    "LIMIT_SOCKETS_PER_USER": "100000",
    "LIMIT_SOCKETS_PER_ADDRESS": "100000",
    "LIMIT_SIGN_IN_PER_ACCOUNT": "100000/minute",
    "LIMIT_SIGN_IN_PER_ADDRESS": "100000/minute",
    "LIMIT_SIGN_IN_STRANGERS": "100000/hour",
    **processes.UNLIMITED_QUOTAS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a cluster consists of.

    `failpoints` are active in all of its processes, in addition to the deadly ones that
    `Cluster.arm` triggers.
    """

    webs: int = 1
    workers: int = 1
    beats: int = 1
    concurrency: int = 2  # prefork processes of each worker
    # `rules`, `remote` (HTTP), `keyed` (HTTP with idempotency keys) or `deadly` (see providers.py).
    judged_by: str = "rules"
    provider: Mapping[str, Any] = field(
        default_factory=dict
    )  # further keys of the remote provider's entry
    has_list: bool = False  # whether a local provider is asked before the remote one
    failpoints: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    durable_valkey: bool = False
    web_settings: str = "moderado.config.settings.web"
    worker_settings: str = "moderado.config.settings.worker"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, with its time on the harness's monotonic clock."""

    at: float
    what: str


class Process:
    """A process of the cluster, with the children it forks."""

    def __init__(self, cluster: "Cluster", name: str, command: Sequence[str], kind: str) -> None:
        self.name = name
        self.log = cluster.folder / f"{name}.log"
        self.environment: dict[str, str] = {}  # additional variables, from the next start on
        self._cluster = cluster
        self.command = list(command)
        self._kind = kind
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process without waiting until it is ready. Do nothing if it runs."""
        if self.is_running():
            return
        environment = self._cluster.environment(self._kind) | self.environment
        with self.log.open("ab") as output:
            self._process = spawn(self.command, output=output, env=environment)

    def kill(self) -> None:
        """Send SIGKILL to the process and all its children, like the kernel's OOM killer."""
        self._cluster.note(f"kill {self.name}")
        self.signal_all(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def kill_child(self) -> int:
        """Send SIGKILL to one child; return its process id."""
        child = self.children()[-1]
        self._cluster.note(f"kill child of {self.name}")
        os.kill(child, signal.SIGKILL)
        return child

    def signal_all(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM to the parent alone, as a supervisor does, and do not wait."""
        os.kill(self.pid, signal.SIGTERM)

    def pause(self) -> None:
        """Stop the process and its children with SIGSTOP."""
        self._cluster.note(f"pause {self.name}")
        self.signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal_all(signal.SIGCONT)

    def end(self, number: signal.Signals = signal.SIGTERM, *, within: float = STOP) -> float:
        """Stop the process, by SIGKILL after `within` seconds; return the seconds it took."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        stop(self._process, number, seconds=within)
        return time.monotonic() - began

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def children(self) -> list[int]:
        try:
            text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:
            return []
        return [int(pid) for pid in text.split()]

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f"{self.name}:\n" + "\n".join(lines[-30:])


class Web(Process):
    """gunicorn and its worker, on a port that stays the same over restarts."""

    def __init__(self, cluster: "Cluster", number: int) -> None:
        port = lasting_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable,
            *["-m", "gunicorn", "-c", "python:moderado.config.gunicorn"],
            *["--bind", f"127.0.0.1:{port}", "moderado.config.asgi:application"],
        ]
        super().__init__(cluster, f"web-{number}", command, "web")

    def is_ready(self) -> bool:
        """Tell whether the process serves requests, which takes a database that answers."""
        try:
            with urlopen(f"{self.url}/readyz", timeout=2):  # noqa: S310  (our own http)
                return True
        except (URLError, OSError):
            return False

    def kill_worker(self) -> None:
        """Send SIGKILL to the serving process; gunicorn starts another."""
        self.kill_child()


class Cluster:
    """All processes and engines. Start it with `running`."""

    def __init__(self, folder: Path, plan: Plan, *, template: Path) -> None:
        self.folder = folder
        self.plan = plan
        self.faults: list[Fault] = []
        self.postgres = Postgres(copy_of(template, folder / "engines"))
        self.valkey = Valkey(folder / "valkey", durable=plan.durable_valkey)
        self.judge = Judge()
        self.redis_wire = Wire(self.valkey.port)
        self.broker_wire = Wire(self.valkey.port)
        self.layer_wire = Wire(self.valkey.port)
        self.judge_wire = Wire(0)
        self.webs = [Web(self, number) for number in range(plan.webs)]
        self.workers = [
            Process(self, f"worker-{number}", _WORKER, "worker") for number in range(plan.workers)
        ]
        self.beats = [Process(self, f"beat-{n}", _BEAT, "beat") for n in range(plan.beats)]

    @property
    def all_processes(self) -> list[Process]:
        return [*self.webs, *self.workers, *self.beats]

    @property
    def named_wires(self) -> dict[str, Wire]:
        return {
            "PostgreSQL": self.postgres.wire,
            "Redis": self.redis_wire,
            "the broker": self.broker_wire,
            "the layer": self.layer_wire,
            "the judge": self.judge_wire,
        }

    @property
    def wires(self) -> list[Wire]:
        return list(self.named_wires.values())

    def start(self) -> None:
        """Start everything and wait until it is ready."""
        self.judge.start()
        self.judge_wire.target = self.judge.port
        self.postgres.start()
        self.valkey.start()
        for process in self.all_processes:
            process.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until every web process answers and every worker takes tasks."""
        deadline = time.monotonic() + START
        while not (all(web.is_ready() for web in self.webs) and self._workers_wait()):
            for process in self.all_processes:
                assert process.is_running(), f"It ended.\n{process.tail()}"
            assert time.monotonic() < deadline, "\n".join(
                each.tail() for each in self.all_processes
            )
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop everything as fast as possible, without leftovers."""
        for process in self.all_processes:
            process.signal_all(signal.SIGCONT)
            process.signal_all(signal.SIGKILL)
            process.end(signal.SIGKILL, within=5)
        self.valkey.resume()
        self.valkey.stop()
        self.postgres.stop()
        for wire in self.wires:
            wire.close()
        self.judge.stop()

    def mend(self, *, manner: Manner | None = None, wait: bool = True) -> None:
        """Undo all faults: release proxies, start all processes, reset the provider stub."""
        for flag in self.folder.glob("*.flag"):
            flag.unlink(missing_ok=True)
        for wire in self.wires:
            wire.release()
        self.judge.manner, self.judge.on_request = manner or Manner(), None
        self.valkey.resume()
        if not self.valkey.answers():
            self.valkey.start()
        for process in self.all_processes:
            process.resume()
            process.start()
        if wait:
            self.wait_until_ready()

    def ring(self, times: int = 1) -> None:
        """Enqueue the screening task, as a web process does."""
        ring = (
            "from moderado.config.celery import app\n"
            f"for _ in range({times}): app.send_task('moderado.chat.tasks.screen_waiting')\n"
        )
        subprocess.run([sys.executable, "-c", ring], env=self.environment("worker"), check=True)

    def arm(self, name: str) -> Path:
        """Kill the next process that reaches the failpoint `name`; it deletes the flag file."""
        self.note(f"failpoint {name}")
        flag = self.folder / f"{name}.flag"
        flag.touch()
        return flag

    def wait_until_reached(self, flag: Path, *, seconds: float = START) -> None:
        """Wait until a process has died at the armed failpoint."""
        processes.wait_until(
            lambda: not flag.exists(), what=f"{flag.stem} reached", seconds=seconds
        )

    def note(self, what: str) -> None:
        self.faults.append(Fault(time.monotonic(), what))

    def environment(self, kind: str) -> dict[str, str]:
        """Return the environment of a process of `kind`."""
        plan = self.plan
        settings = plan.web_settings if kind == "web" else plan.worker_settings
        return (
            {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
            | GENEROUS
            | {
                "DATABASE_URL": self.postgres.url,
                "REDIS_URL": f"redis://127.0.0.1:{self.redis_wire.port}/{REDIS}",
                "BROKER_URL": f"redis://127.0.0.1:{self.broker_wire.port}/{BROKER}",
                "LAYER_URL": f"redis://127.0.0.1:{self.layer_wire.port}/{LAYER}",
                "SECRET_KEY": SECRET_KEY,
                "SECURE_COOKIES": "0",
                "MEMBER_ROOM_MODES": "pre,optimistic,post,off",
                "STATIC_ROOT": str(self.folder / "nothing-collected"),
                "DJANGO_SETTINGS_MODULE": settings,
                "WORKER_CONCURRENCY": str(plan.concurrency),
                "MODERADO_FAILPOINTS": self._failpoints(),
                **self._providers(),
            }
            | dict(plan.environment)
        )

    def logs(self) -> str:
        """Return every log line of the processes."""
        logs = [process.log for process in self.all_processes]
        return "\n".join(log.read_text(errors="replace") for log in logs if log.exists())

    def waiting(self) -> int:
        """Return the number of queued messages."""
        return int(
            self.postgres.value("SELECT count(*) FROM chat_message WHERE queued_at IS NOT NULL")
        )

    def wait_until_judged(self, *, seconds: float = START) -> None:
        """Wait until no message is queued."""
        processes.wait_until(lambda: self.waiting() == 0, what="all is judged", seconds=seconds)

    def _failpoints(self) -> str:
        deadly = [
            f"{name}:kill9@{self.folder}/{name}.flag"
            for name in sorted(failpoints.NAMES)
            if f"{name}:" not in self.plan.failpoints
        ]
        return ",".join([*([self.plan.failpoints] if self.plan.failpoints else []), *deadly])

    def _providers(self) -> dict[str, str]:
        if self.plan.judged_by == "rules":
            return {}
        if self.plan.judged_by == "deadly":
            deadly = {"BACKEND": "tests.faults.providers.Deadly"}
            return {"MODERATION_PROVIDERS": json.dumps([deadly])}
        options = {
            "url": f"http://127.0.0.1:{self.judge_wire.port}/judge",
            "idempotent": self.plan.judged_by == "keyed",
        }
        entry = {
            "BACKEND": "tests.faults.providers.Remote",
            "OPTIONS": options,
            **self.plan.provider,
        }
        listed = {"BACKEND": "tests.faults.providers.Listed"}
        entries = [listed, entry] if self.plan.has_list else [entry]
        return {"MODERATION_PROVIDERS": json.dumps(entries)}

    def _workers_wait(self) -> bool:
        with self.valkey.client() as client:
            waiting = [
                each
                for each in client.client_list()
                if each["cmd"] == "brpop" and each["db"] == str(BROKER)
            ]
        return len(waiting) >= len(self.workers)


_CELERY = [sys.executable, "-m", "celery", "-A"]
_WORKER = [
    *_CELERY,
    *["moderado.config.celery", "worker", "--without-gossip", "--without-mingle"],
]
_BEAT = [*_CELERY, "moderado.config.beat", "beat"]
_NOT_INHERITED = {"ALLOW_VOLATILE_DATABASE", "DATABASE_OWNER_URL", "PROMETHEUS_MULTIPROC_DIR"}


@contextmanager
def running(folder: Path, plan: Plan, *, template: Path) -> Iterator[Cluster]:
    """Run a cluster for the duration of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(folder, plan, template=template)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def make_template(folder: Path) -> Path:
    """Create a stopped database with empty tables, to be copied by clusters."""
    postgres = Postgres(folder)
    postgres.start()
    environment = os.environ | {
        **postgres.direct_urls,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": SECRET_KEY,
        "SECURE_COOKIES": "0",
        "DJANGO_SETTINGS_MODULE": "moderado.config.settings.worker",
    }
    try:
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--verbosity", "0", "--skip-checks"],
            env=environment,
            check=True,
        )
    finally:
        postgres.stop()
    return folder
