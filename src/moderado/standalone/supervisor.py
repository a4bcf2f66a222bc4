"""Run web and worker, each in its own session, until the server stops.

SIGTERM goes to each process alone, because Celery and gunicorn stop their own children.
"""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from moderado.standalone.console_output import ConsoleOutput
from moderado.standalone.keeper import Keeper, Program
from moderado.standalone.processes import spawn

STOP_TIMEOUT = 15  # seconds from SIGTERM to SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


class ServerProcess(Program):
    """Web or worker. Its output is printed line by line."""

    stop_signal = signal.SIGTERM
    stop_seconds = STOP_TIMEOUT

    def __init__(self, command: Command, *, output: ConsoleOutput) -> None:
        self.name = command.name
        self._command = command
        self._output = output

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the command with its output in a pipe."""
        process = spawn(
            self._command.arguments,
            output=subprocess.PIPE,
            env=dict(self._command.environment),
        )
        self._output.write_event("standalone_process", what=f"{self.name} started", pid=process.pid)
        return process

    def follow(self, process: "subprocess.Popen[bytes]") -> bool:
        """Print the output until the process and its children have closed it."""
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._output.write_process_line(self.name, line.decode(errors="replace"))
        return False


@contextmanager
def supervised(commands: Sequence[Command], *, output: ConsoleOutput) -> Iterator[None]:
    """Run the commands until the block ends; then stop all of them, side by side."""
    programs = [ServerProcess(command, output=output) for command in commands]
    keepers = [Keeper(program, output=output) for program in programs]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.begin_to_close()
        for keeper in keepers:
            keeper.close()
