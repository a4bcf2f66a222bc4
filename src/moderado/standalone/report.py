"""What `moderado up` says: lines for people, or one JSON object a line for machines."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

_COLUMN = 14


@dataclass
class Step:
    """One thing that is being started. `result` is what there is to say about it."""

    result: str = "ready"


class Report:
    """Progress on a stream. `as_json` for machines, `silent` for nobody."""

    def __init__(
        self, stream: TextIO | None = None, *, as_json: bool = False, silent: bool = False
    ) -> None:
        self._stream = stream or sys.stdout
        self.as_json = as_json
        self._silent = silent

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Say that something starts, and how long it took once the block is done."""
        step = Step()
        started = time.monotonic()
        if not self.as_json:
            self._write(f"  {name:<{_COLUMN}} ", end="")
        try:
            yield step
        except BaseException:
            if not self.as_json:
                self._write("no")
            raise
        self.done(name, step.result, seconds=time.monotonic() - started, named=True)

    def done(self, name: str, result: str, *, seconds: float, named: bool = False) -> None:
        """Say that something is there. `named`: its name stands on the line already."""
        if self.as_json:
            self.event("standalone_step", step=name, result=result, seconds=round(seconds, 2))
            return
        start = "" if named else f"  {name:<{_COLUMN}} "
        self._write(f"{start}{result} ({seconds:.1f} s)")

    def say(self, text: str = "") -> None:
        """A line for people; machines have no use for it."""
        if not self.as_json:
            self._write(text)

    def event(self, event: str, *, level: str = "info", **fields: object) -> None:
        """A line for machines, like those of the processes; people have no use for it."""
        if self.as_json:
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            about = {"level": level, "logger": "moderado.standalone", "timestamp": now}
            self._write(json.dumps({"event": event, **fields, **about}))

    def _write(self, text: str, end: str = "\n") -> None:
        if not self._silent:
            print(text, end=end, file=self._stream, flush=True)
