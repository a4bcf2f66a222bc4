"""The embedded Valkey server (Redis-compatible): a child of this process, with its own folder."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from moderado.standalone.binaries import valkey_program
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.processes import free_port, spawn, stop

_SECONDS_TO_START = 30  # it replays its append-only file first
_SECONDS_TO_STOP = 5
_ATTEMPTS = 3  # another process may take the port before the server listens


@contextmanager
def valkey(home: Home, *, durable: bool = True) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server until the block ends. Yield its URL and its process.

    Args:
        durable: False keeps everything in memory, for tests.

    Raises:
        CannotStart: There is no server program, or it does not start.
    """
    password = home.secrets().valkey_password
    for _ in range(_ATTEMPTS):
        port = free_port()
        process = _start(home, port, password, durable=durable)
        try:
            if _becomes_ready(process, port, password):
                yield f"redis://:{quote(password)}@127.0.0.1:{port}/0", process
                return
        finally:
            stop(process, signal.SIGTERM, seconds=_SECONDS_TO_STOP)
    raise CannotStart(
        f"Valkey does not start on {home.path / 'valkey'}: "
        f"{home.path / 'logs' / 'valkey.log'} says why."
    )


def _start(home: Home, port: int, password: str, *, durable: bool) -> subprocess.Popen[bytes]:
    folder = home.path / "valkey"
    folder.mkdir(exist_ok=True)
    settings = {
        "port": str(port),
        "bind": "127.0.0.1",
        "requirepass": password,
        "dir": f'"{folder}"',
        "appendonly": "yes" if durable else "no",
        "save": '""',
        "maxmemory-policy": "noeviction",
        "databases": "64",
    }
    with home.log("valkey") as log:
        # Settings go through a pipe: every user can read a command line, with the password.
        process = spawn(
            [valkey_program(), "-"],
            parent_death_signal=signal.SIGTERM if durable else signal.SIGKILL,
            output=log,
            stdin=subprocess.PIPE,
            cwd=folder,
        )
    assert process.stdin is not None
    process.stdin.write("".join(f"{name} {value}\n" for name, value in settings.items()).encode())
    process.stdin.close()
    return process


def _becomes_ready(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    """Whether the server answers; False if it ended or did not answer in time."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        if _answers_ping(port, password):
            return True
        time.sleep(0.02)
    return False


def _answers_ping(port: int, password: str) -> bool:
    """Send PING over a plain socket: the client library would cost the supervisor 15 MB."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            return b"+PONG" in connection.makefile("rb").read()
    except OSError:  # not listening yet; during its replay it answers -LOADING
        return False
