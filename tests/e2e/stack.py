"""The whole product as processes on the test database: web, workers, beat."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from moderado.standalone.binaries import valkey_program
from moderado.standalone.processes import free_port, spawn, stop
from tests import processes


@dataclass
class Stack:
    url: str
    folder: Path
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def logs(self) -> str:
        """Return every log line of the processes."""
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("*.log")))


def judged_by(provider: type, **options: Any) -> dict[str, str]:
    """Return the environment in which that provider is the only one."""
    backend = f"{provider.__module__}.{provider.__qualname__}"
    return {"MODERATION_PROVIDERS": json.dumps([{"BACKEND": backend, "OPTIONS": options}])}


@contextmanager
def running(folder: Path, *, workers: int = 1, sweep: bool = True, **extra: str) -> Iterator[Stack]:
    """Run web, workers and beat for the duration of the block, ready to answer.

    Args:
        sweep: Without it there is no beat: what a wake-up does not deliver is never delivered.
    """
    with ExitStack() as stack:
        url = stack.enter_context(processes.web(folder / "web.log", extra))
        running = Stack(url=url, folder=folder)
        for number in range(workers):
            log = folder / f"worker-{number}.log"
            running.workers.append(stack.enter_context(processes.worker(log, extra)))
        if sweep:
            stack.enter_context(processes.beat(folder / "beat.log", extra))
        yield running


class Valkey:
    """A Valkey that can be killed and restarts empty under the same address."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [valkey_program(), "--port", str(self._port), "--bind", "127.0.0.1"]
        options = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        self._process = spawn([*command, *options], output=subprocess.DEVNULL)
        with redis.Redis.from_url(self.url) as client:
            processes.wait_until(lambda: _pongs(client), what="Valkey answers")

    def kill(self) -> None:
        assert self._process
        stop(self._process, signal.SIGKILL, seconds=5)


def kill_with_children(process: "subprocess.Popen[bytes]") -> None:
    """Send SIGKILL to the process group, like the kernel's OOM killer: no cleanup runs."""
    os.killpg(process.pid, signal.SIGKILL)  # spawn() gives each process its own session
    process.wait()


def _pongs(client: "redis.Redis[bytes]") -> bool:
    try:
        return bool(client.ping())
    except (OSError, redis.RedisError):
        return False
