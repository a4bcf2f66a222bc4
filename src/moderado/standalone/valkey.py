"""The embedded Valkey server (Redis-compatible): a child of this process, with its own folder."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

from moderado.standalone.binaries import valkey_program
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.keeper import Program
from moderado.standalone.processes import free_port, spawn, stop

_SECONDS_TO_START = 30  # it replays its append-only file first
_ATTEMPTS = 3  # another process may take the port before the server listens


class Valkey(Program):
    """A server with its data in the home folder. It keeps its port over restarts.

    Args:
        durable: False keeps everything in memory, for tests.
    """

    name = "Valkey"
    stop_signal = signal.SIGTERM
    stop_seconds = 5

    def __init__(self, home: Home, *, durable: bool) -> None:
        self._home = home
        self._durable = durable
        self._password = home.secrets().valkey_password
        self._log_start = 0
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{quote(self._password)}@127.0.0.1:{self.port}/0"

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server on its port, without waiting for it."""
        folder = self._home.path / "valkey"
        folder.mkdir(exist_ok=True)
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "requirepass": self._password,
            "dir": f'"{folder}"',
            "appendonly": "yes" if self._durable else "no",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "databases": "64",
        }
        with self._home.log("valkey") as log:
            self._log_start = log.tell()
            # Settings go through a pipe: every user can read a command line, with the password.
            process = spawn(
                [valkey_program(), "-"],
                parent_death_signal=signal.SIGTERM if self._durable else signal.SIGKILL,
                output=log,
                stdin=subprocess.PIPE,
                cwd=folder,
            )
        assert process.stdin is not None
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        with process.stdin as pipe, suppress(BrokenPipeError):  # it ended already: its log says why
            pipe.write(lines.encode())
        self.process = process
        return process

    def follow(self, process: "subprocess.Popen[bytes]") -> bool:
        """Wait until the server answers; it replays its append-only file first."""
        return self.becomes_ready(process, seconds=float("inf"))

    def becomes_ready(self, process: "subprocess.Popen[bytes]", *, seconds: float) -> bool:
        """Wait until the server answers; return False if it ended or did not in time."""
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            if _answers_ping(self.port, self._password):
                return True
            time.sleep(0.02)
        return False

    def cause(self) -> str:
        """Return the last two warnings since the server's start: reason and consequence."""
        lines = self._home.log_lines("valkey", since=self._log_start)
        warnings = [line for line in lines if " # " in line]
        last = (warnings or lines or ["it logged nothing"])[-2:]
        return " ".join(line.rpartition(" # ")[2].strip() for line in last)


@contextmanager
def valkey(home: Home, *, durable: bool = True) -> Iterator[Valkey]:
    """Run a server until the block ends.

    Raises:
        CannotStart: There is no server program, or it does not start.
    """
    server = Valkey(home, durable=durable)
    try:
        for _ in range(_ATTEMPTS):
            server.port = free_port()
            if server.becomes_ready(server.start(), seconds=_SECONDS_TO_START):
                break
            _stop(server)
        else:
            raise CannotStart(
                f"Valkey does not start on {home.path / 'valkey'}: {server.cause()} "
                f"(all of it is in {home.path / 'logs' / 'valkey.log'})"
            )
        yield server
    finally:
        _stop(server)


def _stop(server: Valkey) -> None:
    if server.process is not None:
        stop(server.process, server.stop_signal, seconds=server.stop_seconds)


def _answers_ping(port: int, password: str) -> bool:
    """Send PING over a plain socket: the client library would cost the supervisor 15 MB."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            return b"+PONG" in connection.makefile("rb").read()
    except OSError:  # not listening yet; during its replay it answers -LOADING
        return False
