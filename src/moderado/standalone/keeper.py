"""Keep processes running: restart one that ends unexpectedly, after a growing delay.

Each process has a thread of its own, which starts it, reads its output and restarts it. The kernel
kills a child when the thread that started it ends; these threads live as long as this process.
"""

import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod

from moderado.standalone.console_output import ConsoleOutput
from moderado.standalone.errors import CannotStart
from moderado.standalone.processes import wait_or_kill

DELAYS = (0.5, 1, 2, 4, 8, 15, 30)  # seconds before each further restart; the last one repeats
STABLE = 60  # seconds; after an uptime of this length the delays begin again


class Backoff:
    """The delay before each restart."""

    def __init__(self) -> None:
        self._failures = 0

    def delay_after(self, uptime: float) -> float:
        """Return the seconds to wait after a process ran for `uptime` seconds."""
        if uptime >= STABLE:
            self._failures = 0
        delay = DELAYS[min(self._failures, len(DELAYS) - 1)]
        self._failures += 1
        return delay


class Program(ABC):
    """A process that a keeper can start again. Subclasses define how."""

    name: str
    stop_signal: signal.Signals
    stop_seconds: float  # from the stop signal to SIGKILL

    @abstractmethod
    def start(self) -> "subprocess.Popen[bytes]":
        """Start the process without waiting for it.

        Raises:
            OSError, CannotStart: The process cannot be started.
        """

    @abstractmethod
    def follow(self, process: "subprocess.Popen[bytes]") -> bool:
        """Attend to a started process; return whether it became ready. May block until it ends."""

    def wait_for_end(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait until a process that became ready ends; return its exit code."""
        return process.wait()

    def cause(self) -> str:
        """Return what the process wrote about its end; empty if that was printed already."""
        return ""


class Keeper:
    """Keeps one program running until `close`.

    Args:
        running: The program's process, if it runs already.
    """

    def __init__(
        self,
        program: Program,
        *,
        output: ConsoleOutput,
        running: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self._program = program
        self._output = output
        self._process = running
        self._lock = threading.Lock()  # held while a process is started or told to stop
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=program.name, daemon=True)
        self._thread.start()

    def begin_to_close(self) -> None:
        """Send the stop signal and prevent restarts. `close` waits for the end."""
        with self._lock:
            self._closing.set()
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(self._program.stop_signal)

    def close(self) -> None:
        """Stop the process, by SIGKILL if it does not end in time."""
        self.begin_to_close()
        process = self._process  # its thread may forget one that has ended
        if process is not None:
            wait_or_kill(process, seconds=self._program.stop_seconds)
        self._thread.join(timeout=self._program.stop_seconds)

    def _keep(self) -> None:
        backoff = Backoff()
        is_first = True
        while not self._closing.is_set():
            began = time.monotonic()
            end = self._run_once(announce=not is_first)
            is_first = False
            if self._closing.is_set():
                return
            delay = backoff.delay_after(time.monotonic() - began)
            self._output.write_restart(self._program.name, end, cause=self._cause(), delay=delay)
            self._closing.wait(delay)
            self._process = None

    def _run_once(self, *, announce: bool) -> str:
        """Run the program until it ends; return how it ended."""
        began = time.monotonic()
        try:
            process = self._started()
            if process is None:
                return ""
            is_ready = self._program.follow(process)
            if is_ready and announce and process.poll() is None:
                self._output.write_back(self._program.name, seconds=time.monotonic() - began)
            return _how_it_ended(self._program.wait_for_end(process))
        except (OSError, subprocess.SubprocessError, CannotStart) as error:
            # No memory, no descriptors, no space for the log, no program.
            return f"cannot be started ({getattr(error, 'strerror', None) or error})"

    def _started(self) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            if self._process is None and not self._closing.is_set():
                self._process = self._program.start()
            return self._process

    def _cause(self) -> str:
        try:
            return self._program.cause()
        except OSError:
            return ""


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
