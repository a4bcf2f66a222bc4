"""Restarting a process that ends: real processes, recorded output."""

import io
import json
import signal
import subprocess
import sys

import pytest

from moderado.standalone.console_output import ConsoleOutput
from moderado.standalone.keeper import DELAYS, STABLE, Backoff, Keeper, Program
from tests.processes import is_running, wait_until


class Recorder(io.StringIO):
    def events(self, name):
        found = [json.loads(line) for line in self.getvalue().splitlines()]
        return [each for each in found if each["event"] == name]


class Sleeper(Program):
    """Runs until it is stopped, or fails to start while `broken` is set."""

    name = "sleeper"
    stop_signal = signal.SIGTERM
    stop_seconds = 5

    def __init__(self):
        self.started = []
        self.broken = None

    def start(self):
        if self.broken:
            raise self.broken
        command = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.started.append(process)
        return process

    def follow(self, process):
        return process.poll() is None

    def cause(self):
        return "its last words"


@pytest.fixture
def printed():
    return Recorder()


@pytest.fixture
def sleeper():
    program = Sleeper()
    yield program
    for process in program.started:
        process.kill()
        process.communicate()


@pytest.fixture
def keeper(sleeper, printed):
    keeper = Keeper(sleeper, output=ConsoleOutput(printed, as_json=True))
    wait_until(lambda: sleeper.started, what="it started")
    yield keeper
    keeper.close()


def test_delays_grow_to_a_limit_and_begin_again_after_a_stable_time():
    backoff = Backoff()

    assert tuple(backoff.delay_after(1) for _ in DELAYS) == DELAYS
    assert backoff.delay_after(1) == DELAYS[-1]
    assert backoff.delay_after(STABLE) == DELAYS[0]


@pytest.mark.usefixtures("keeper")
def test_killed_process_is_restarted_and_reported(sleeper, printed):
    sleeper.started[0].kill()
    wait_until(lambda: printed.events("standalone_process_back"), what="it is back")

    ended = printed.events("standalone_process_ended")[0]
    assert (ended["process"], ended["what"]) == ("sleeper", "was killed by SIGKILL")
    assert (ended["cause"], ended["restart_in"]) == ("its last words", DELAYS[0])
    assert len(sleeper.started) == 2


@pytest.mark.usefixtures("keeper")
def test_process_that_cannot_start_is_tried_again_after_growing_delays(
    sleeper, printed, monkeypatch
):
    monkeypatch.setattr("moderado.standalone.keeper.DELAYS", (0.01, 0.02, 0.03))
    sleeper.broken = OSError(28, "No space left on device")
    sleeper.started[0].kill()
    wait_until(lambda: len(printed.events("standalone_process_ended")) > 4, what="five attempts")
    sleeper.broken = None
    wait_until(lambda: printed.events("standalone_process_back"), what="it is back")

    ended = printed.events("standalone_process_ended")
    assert [each["restart_in"] for each in ended[:4]] == [0.01, 0.02, 0.03, 0.03]
    assert ended[1]["what"] == "cannot be started (No space left on device)"


def test_closing_during_a_delay_starts_nothing(keeper, sleeper, printed):
    sleeper.started[0].kill()
    wait_until(lambda: printed.events("standalone_process_ended"), what="its end is reported")
    keeper.close()

    assert len(sleeper.started) == 1


def test_closing_stops_the_process_without_a_report(keeper, sleeper, printed):
    keeper.close()

    assert not is_running(sleeper.started[0].pid)
    assert printed.events("standalone_process_ended") == []
