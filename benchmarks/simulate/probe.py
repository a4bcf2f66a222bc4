"""What `table.py` says of the machine, measured anew in some seconds: percentiles of each.

Nothing else must be running meanwhile.

    .venv/bin/python -m benchmarks.simulate.probe
"""

import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from multiprocessing.connection import Connection

from benchmarks.harness.figures import percentile

TIMES = 200
PAUSE = 0.002  # seconds, as between one batch and the next
SPAN = 0.6  # seconds for which cores are fought for


def main() -> None:
    print("microseconds: p50, p90, p99")
    _print("an exchange between two processes (twice WAKE)", exchanges())
    for size in (500, 6000):
        _print(f"a write of {size} bytes to a socket", sends(size))
    for kib in (8, 64):
        _print(f"{kib} KiB written safely (FLUSH)", flushes(kib * 1024))
    _print("on a core that others want (CORE_TURN)", turns((os.cpu_count() or 1) + 1))


def exchanges() -> list[float]:
    """A byte there and back, after a pause."""
    here, there = multiprocessing.Pipe()
    other = multiprocessing.Process(target=_echo, args=(there,))
    other.start()

    def exchange() -> None:
        here.send_bytes(b"x")
        here.recv_bytes()

    seconds = _timed(exchange)
    here.send_bytes(b"")
    other.join()
    return seconds


def sends(size: int) -> list[float]:
    """Over TCP on this machine, to whoever has read what came before."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
    with closing(sender), closing(receiver):
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seconds = []
        for _ in range(TIMES):
            seconds += _timed(lambda: sender.sendall(b"x" * size), times=1, pause=0)
            left = size
            while left:
                left -= len(receiver.recv(left))
    return seconds


def flushes(size: int) -> list[float]:
    """To a file that is long enough already, as PostgreSQL's log is."""
    with tempfile.NamedTemporaryFile(dir=".") as file:
        file.write(bytes(2 * size))
        file.flush()
        os.fsync(file.fileno())

        def flush() -> None:
            os.pwrite(file.fileno(), os.urandom(size), 0)
            os.fdatasync(file.fileno())

        return _timed(flush)


def turns(processes: int) -> list[float]:
    """How long each of so many that never pause runs until another one has its core."""
    with multiprocessing.Pool(processes) as pool:
        return [each for some in pool.map(_spin, range(processes), chunksize=1) for each in some]


def _echo(there: Connection) -> None:
    while there.recv_bytes():
        there.send_bytes(b"x")


def _spin(_: int) -> list[float]:
    found = []
    last = began = time.perf_counter()
    end = began + SPAN
    while last < end:
        now = time.perf_counter()
        if now - last > 1e-3:  # it did not run
            found.append(last - began)
            began = now
        last = now
    return found


def _timed(step: Callable[[], None], *, times: int = TIMES, pause: float = PAUSE) -> list[float]:
    seconds = []
    for _ in range(times):
        time.sleep(pause)
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return seconds


def _print(title: str, seconds: Sequence[float]) -> None:
    shown = ", ".join(f"{percentile(seconds, share) * 1e6:,.0f}" for share in (0.5, 0.9, 0.99))
    print(f"{title:50} {shown}")


if __name__ == "__main__":
    main()
