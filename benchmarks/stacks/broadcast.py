"""Fan-out alone, under uvicorn with the settings that Chat Moderado uses."""

import os
import sys

from benchmarks.harness.client import Dialect
from benchmarks.stacks.base import BASELINES, Seat, Stack
from benchmarks.stacks.tutorial import Tutorial

_UVICORN = [
    *["--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio"],
    *["--ws-per-message-deflate", "false", "--lifespan", "off", "--no-access-log"],
]


class Broadcast(Stack):
    name = "broadcast"
    dialect = Dialect(
        ready=b'{"type": "connection_established"',
        queued=b"\0",  # stores nothing
        shown=b'{"type": "chat_message"',
        refused=(),
        error=b"\0",
        build_message=Tutorial.dialect.build_message,
    )

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "app:application", "--port", str(self.port)]
        self._start("web", [*command, *_UVICORN], os.environ, cwd=BASELINES / "broadcast")
        self._wait_until_serving()

    def populate(self, people: int, rooms: int) -> list[Seat]:
        return [Seat(path=f"/{n % rooms}") for n in range(people)]
