"""A whole server with one web process."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks.harness.proc import pss_of, snapshot, tree
from benchmarks.stacks.base import ROOT
from moderado.standalone.processes import free_port, spawn, stop
from tests.processes import wait_until

_ADDRESSES = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "LAYER_URL", "WEB_CONCURRENCY")
_REGISTRATION = {
    "email": "attacker@example.org",
    "password": "ribeira-quieta-manha-5",
    "name": "Visitante",
}


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    web: int  # the process that serves
    token: str
    home: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> int:
        """Return the bytes of the web process."""
        return pss_of(self.web)


@contextmanager
def running() -> Iterator[Server]:
    """Start `moderado up` with default settings."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="moderado-stalls-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o711)  # PostgreSQL may run as another account if started by root
        environment = {name: value for name, value in os.environ.items() if name not in _ADDRESSES}
        environment |= {
            "MODERADO_HOME": str(scratch / "home"),
            "WEB_WORKERS": "1",
            "PORT": str(port),
            "LOG_FORMAT": "json",
        }
        with (scratch / "log").open("wb") as log:
            command = [sys.executable, "-m", "moderado.standalone", "up"]
            process = spawn(
                command,
                output=log,
                env=environment,
                cwd=ROOT,
                parent_death_signal=signal.SIGTERM,
            )
            try:
                wait_until(lambda: _is_serving(port), what="the server serves", seconds=120)
                home = environment["MODERADO_HOME"]
                yield Server(port, _web_process(process.pid), _register(port), home)
            finally:
                stop(process, signal.SIGTERM, seconds=60)


def _is_serving(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except OSError:
        return False


def _web_process(root: int) -> int:
    """Return gunicorn's only worker."""
    stats = snapshot()
    serving = [pid for pid in tree(root, stats) if b"moderado.config.gunicorn" in _command(pid)]
    (worker,) = (pid for pid in serving if stats[pid].parent in serving)
    return worker


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


def _register(port: int) -> str:
    """Create an account; return its access token."""
    request = Request(
        f"http://127.0.0.1:{port}/api/auth/register/",
        data=json.dumps(_REGISTRATION).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=20) as response:  # noqa: S310  (local HTTP)
        token: str = json.load(response)["tokens"]["access"]
    return token
