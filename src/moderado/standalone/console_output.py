"""Output of `moderado up`: text lines, or one JSON object per line (`LOG_FORMAT=json`)."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

_COLUMN = 14
_PROCESS_COLUMN = 6  # the longest of web, worker and beat


@dataclass
class Step:
    """A start-up step. `result` is printed when it ends."""

    result: str = "ready"


class ConsoleOutput:
    """Writes progress to a stream.

    Args:
        stream: Standard output if None.
        as_json: Write JSON objects instead of text.
        silent: Write nothing.
    """

    def __init__(
        self, stream: TextIO | None = None, *, as_json: bool = False, silent: bool = False
    ) -> None:
        self._stream = stream or sys.stdout
        self.as_json = as_json
        self._silent = silent
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Print a step and, when the block ends, its result and duration."""
        step = Step()
        started = time.monotonic()
        if not self.as_json:
            self._write(f"  {name:<{_COLUMN}} ", end="")
        try:
            yield step
        except BaseException:
            if not self.as_json:
                self._write("failed")
            raise
        self.write_step(name, step.result, seconds=time.monotonic() - started, named=True)

    def write_step(self, name: str, result: str, *, seconds: float, named: bool = False) -> None:
        """Print the result of a step.

        Args:
            seconds: How long it took.
            named: The line already shows the name.
        """
        if self.as_json:
            self.write_event("standalone_step", step=name, result=result, seconds=round(seconds, 2))
            return
        start = "" if named else f"  {name:<{_COLUMN}} "
        self._write(f"{start}{result} ({seconds:.1f} s)")

    def write_text(self, text: str = "") -> None:
        """Print a line of text; nothing with `as_json`."""
        if not self.as_json:
            self._write(text)

    def write_event(self, event: str, *, level: str = "info", **fields: object) -> None:
        """Print a JSON object in the format of the server's logs; nothing without `as_json`."""
        if self.as_json:
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            context = {"level": level, "logger": "moderado.standalone", "timestamp": now}
            self._write(json.dumps({"event": event, **fields, **context}))

    def write_process_line(self, process: str, line: str) -> None:
        """Print one line of a process: with its name, or as JSON.

        JSON lines stay unchanged; other output of Celery and Python becomes `standalone_line`.
        """
        line = line.rstrip()
        if not self.as_json:
            now = datetime.now().astimezone()
            self._write(f"{now:%H:%M:%S} {process:<{_PROCESS_COLUMN}} | {line}")
        elif line.startswith("{"):
            self._write(line)
        elif line:
            self.write_event("standalone_line", process=process, line=line)

    def write_restart(self, process: str, how: str, *, cause: str, delay: float) -> None:
        """Print that a process ended and will be restarted.

        Args:
            how: How it ended, as in "was killed by SIGKILL".
            cause: What it wrote about its end; may be empty.
            delay: Seconds until the restart.
        """
        said = f" ({cause})" if cause else ""
        self.write_text(f"\n  {process} {how}{said}: restarting it in {delay:g} s.\n")
        self.write_event(
            "standalone_process_ended",
            level="error",
            process=process,
            what=how,
            cause=cause,
            restart_in=delay,
        )

    def write_back(self, process: str, *, seconds: float) -> None:
        """Print that a restarted process is ready again."""
        self.write_text(f"\n  {process} is back after {seconds:.1f} s.\n")
        self.write_event("standalone_process_back", process=process, seconds=round(seconds, 1))

    def _write(self, text: str, end: str = "\n") -> None:
        if not self._silent:
            with self._lock:  # threads write: a text and its line end stay together
                self._stream.write(text + end)
                self._stream.flush()
