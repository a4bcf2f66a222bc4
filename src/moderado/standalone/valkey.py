"""The embedded Valkey (Redis-compatible): a child of this process, on a folder of its own."""

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
from moderado.standalone.spawn import free_port, spawn, stop

_SECONDS_TO_START = 30  # it reads its whole log of changes first
_SECONDS_TO_STOP = 5
_ATTEMPTS = 3  # somebody else may take the port between our look and the server's


@contextmanager
def valkey(home: Home, *, durable: bool = True) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A running server for as long as the block runs: its URL, and its process.

    `durable=False` keeps everything in memory: tests only. Raises CannotStart.
    """
    password = home.secrets().valkey_password
    for _ in range(_ATTEMPTS):
        port = free_port()
        process = _start(home, port, password, durable=durable)
        try:
            if _answers(process, port, password):
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
        # The settings go through a pipe: a command line is there for everybody to read.
        process = spawn(
            [valkey_program(), "-"],
            dying_signal=signal.SIGTERM if durable else signal.SIGKILL,
            output=log,
            stdin=subprocess.PIPE,
            cwd=folder,
        )
    assert process.stdin is not None
    process.stdin.write("".join(f"{name} {value}\n" for name, value in settings.items()).encode())
    process.stdin.close()
    return process


def _answers(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    """Whether the server came up; False when its process ended instead."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        if _pongs(port, password):
            return True
        time.sleep(0.02)
    return False


def _pongs(port: int, password: str) -> bool:
    """One PING by hand: importing the client library would cost the supervisor 15 MB for it."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            return b"+PONG" in connection.makefile("rb").read()
    except OSError:  # not listening yet; while it loads its log it answers -LOADING
        return False
