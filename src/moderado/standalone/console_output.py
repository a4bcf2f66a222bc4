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

    def write_line(self, line: str) -> None:
        """Print a finished line of a process unchanged."""
        self._write(line)

    def _write(self, text: str, end: str = "\n") -> None:
        if not self._silent:
            with self._lock:  # threads write: a text and its line end stay together
                self._stream.write(text + end)
                self._stream.flush()
