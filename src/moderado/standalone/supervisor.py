"""Run web, worker and beat under honcho, each in its own session.

honcho starts and stops them and merges their output. This module adds three things: no process
outlives the supervisor even if that is killed, a process that ends unexpectedly is restarted, and
SIGTERM goes to each process alone, because Celery and gunicorn stop their own children.
"""

import multiprocessing
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event
from typing import Any

import honcho.manager
from honcho.compat import ProcessManager
from honcho.printer import Printer
from honcho.process import Popen, Process

from moderado.core.processes import die_with_parent
from moderado.standalone.console_output import ConsoleOutput

STOP_TIMEOUT = 15  # seconds from SIGTERM to SIGKILL
MIN_UPTIME = 10  # seconds; a process that ends sooner is not restarted


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


class Supervisor(honcho.manager.Manager):
    """Runs `commands` until one of them ends for good, or a signal arrives. Main thread only.

    Args:
        on_started: Called once, after all processes were started.
    """

    def __init__(
        self, commands: Sequence[Command], *, output: ConsoleOutput, on_started: Callable[[], None]
    ) -> None:
        # Forked, so that honcho's processes are children of this one and die with it.
        multiprocessing.set_start_method("fork", force=True)
        honcho.manager.KILL_WAIT = STOP_TIMEOUT
        super().__init__(JsonPrinter(output) if output.as_json else Printer(sys.stdout))
        self._output = output
        self._on_started = on_started
        self._stopping = multiprocessing.Event()
        self._process_ctor = partial(RestartingProcess, stopping=self._stopping)
        self._procmgr = SingleProcessManager()
        for command in commands:
            line = f"exec {shlex.join(command.arguments)}"
            self.add_process(command.name, line, env=dict(command.environment))

    def terminate(self) -> None:
        """Stop all processes and restart none."""
        self._stopping.set()
        super().terminate()

    def _start(self) -> None:
        super()._start()
        self._on_started()

    def _system_print(self, data: str) -> None:
        if self._output.as_json:
            self._output.write_event("standalone_process", what=data.strip())
        else:
            super()._system_print(data)


class JsonPrinter(Printer):
    """Prints JSON lines unchanged, and wraps other output of Celery and Python in JSON."""

    def __init__(self, output: ConsoleOutput) -> None:
        super().__init__(sys.stdout, prefix=False)
        self._output = output

    def write(self, message: Any) -> None:
        """Print one line of a process."""
        line = (
            message.data.decode(errors="replace")
            if isinstance(message.data, bytes)
            else message.data
        )
        if line.startswith("{"):
            self._output.write_line(line.rstrip("\n"))
        elif line.strip():
            self._output.write_event("standalone_line", process=message.name, line=line.strip())


class RestartingProcess(Process):
    """A process that dies with the supervisor and restarts after an unexpected end.

    It does not restart if it ran for less than `MIN_UPTIME`.
    """

    def __init__(self, *args: Any, stopping: Event, **options: Any) -> None:
        super().__init__(*args, **options)
        self._supervisor = os.getpid()
        self._stopping = stopping
        self._started = 0.0
        self._restarts = True
        self._child_ctor = _spawn

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:  # noqa: FBT001, FBT002 (honcho's)
        """Run and restart the process. honcho calls this in a process that reads its output."""
        die_with_parent(parent=self._supervisor)
        while self._restarts:
            self._started = time.monotonic()
            super().run(events, ignore_signals)

    def _send_message(self, data: Any, type: str = "line") -> None:
        if type == "stop":
            was_stable = time.monotonic() - self._started > MIN_UPTIME
            self._restarts = was_stable and not self._stopping.is_set()
            if self._restarts:
                super()._send_message(f"ended ({data['returncode']}): restarted\n")
                return
        super()._send_message(data, type)


class SingleProcessManager(ProcessManager):
    """Signals one process; honcho would signal its whole group."""

    def terminate(self, pid: int) -> None:
        """Send SIGTERM. A process that has ended already is no error."""
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return


def _spawn(command: str, **options: Any) -> Popen:
    supervisor = os.getpid()

    def prepare() -> None:
        # honcho's process ignores both signals when it restarts a child.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        die_with_parent(parent=supervisor)

    return Popen(command, preexec_fn=prepare, **options)
