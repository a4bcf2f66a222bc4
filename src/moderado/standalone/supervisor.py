"""Web, worker and beat under honcho, each in a session of its own and bound to our life.

honcho starts, names and stops them and puts their lines on one stream. What is added here: none of
them outlives us even when we are killed, one that ends uncalled is started again, and SIGTERM goes
to each process alone, because Celery and gunicorn want to tell their children themselves.
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
from moderado.standalone.report import Report

PATIENCE = 15  # seconds from SIGTERM to SIGKILL
STABLE = 10  # seconds; what ends sooner than this is not started again


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    name: str
    words: Sequence[str]
    environment: Mapping[str, str]


class Supervisor(honcho.manager.Manager):
    """Runs `commands` until one of them ends for good, or a signal comes. Main thread only."""

    def __init__(
        self, commands: Sequence[Command], *, report: Report, once_started: Callable[[], None]
    ) -> None:
        # Forked, so that each of honcho's own processes is a child of this one, and dies with it.
        multiprocessing.set_start_method("fork", force=True)
        honcho.manager.KILL_WAIT = PATIENCE
        super().__init__(JsonPrinter(report) if report.as_json else Printer(sys.stdout))
        self._report = report
        self._once_started = once_started
        self._stopping = multiprocessing.Event()
        self._process_ctor = partial(BoundProcess, stopping=self._stopping)
        self._procmgr = OneByOne()
        for command in commands:
            line = f"exec {shlex.join(command.words)}"
            self.add_process(command.name, line, env=dict(command.environment))

    def terminate(self) -> None:
        """Stop everything that runs, and start nothing again."""
        self._stopping.set()
        super().terminate()

    def _start(self) -> None:
        super()._start()
        self._once_started()

    def _system_print(self, data: str) -> None:
        if self._report.as_json:
            self._report.event("standalone_process", what=data.strip())
        else:
            super()._system_print(data)


class JsonPrinter(Printer):
    """Passes JSON on as it is, and wraps what Celery and Python say in words."""

    def __init__(self, report: Report) -> None:
        super().__init__(sys.stdout, prefix=False)
        self._report = report

    def write(self, message: Any) -> None:
        """Print one line of one process."""
        line = (
            message.data.decode(errors="replace")
            if isinstance(message.data, bytes)
            else message.data
        )
        if line.startswith("{"):
            super().write(message)
        elif line.strip():
            self._report.event("standalone_line", process=message.name, line=line.strip())


class BoundProcess(Process):
    """A process that ends with us, and begins anew when it ends uncalled after a stable while."""

    def __init__(self, *args: Any, stopping: Event, **options: Any) -> None:
        super().__init__(*args, **options)
        self._supervisor = os.getpid()
        self._stopping = stopping
        self._started = 0.0
        self._again = True
        self._child_ctor = _spawn

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:  # noqa: FBT001, FBT002 (honcho's)
        """Runs in a process of its own, which reads the lines of the one it starts."""
        die_with_parent(parent=self._supervisor)
        while self._again:
            self._started = time.monotonic()
            super().run(events, ignore_signals)

    def _send_message(self, data: Any, type: str = "line") -> None:
        if type == "stop":
            stable = time.monotonic() - self._started > STABLE
            self._again = stable and not self._stopping.is_set()
            if self._again:
                super()._send_message(f"ended ({data['returncode']}): started again\n")
                return
        super()._send_message(data, type)


class OneByOne(ProcessManager):
    """Signals for one process, where honcho would tell its whole group."""

    def terminate(self, pid: int) -> None:
        """Ask it to stop. That it has stopped already is no error."""
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return


def _spawn(command: str, **options: Any) -> Popen:
    supervisor = os.getpid()

    def prepare() -> None:
        # honcho's process ignores both by the time it starts a child again.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        die_with_parent(parent=supervisor)

    return Popen(command, preexec_fn=prepare, **options)
