"""Everything on one machine, from nothing to an address that answers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from urllib.error import HTTPError
from urllib.request import urlopen

from moderado.standalone.commands import environment, serving
from moderado.standalone.engines import Engines, engines
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home, Running
from moderado.standalone.report import Report
from moderado.standalone.supervisor import Supervisor

_SECONDS_TO_BE_READY = 60


def up(home: Home, *, bind: str, report: Report, reload: bool = False) -> int:
    """Run everything until it is told to stop. The exit code. Raises CannotStart."""
    started = time.monotonic()
    url = _url(bind)
    report.say(f"Chat Moderado, in {home.path}\n")
    with _stopped_by_signals(), home.lock():
        _check_port(bind)
        with engines(home, report=report) as found, home.announced(_running(url, found)):
            shutil.rmtree(home.metrics, ignore_errors=True)
            home.metrics.mkdir()
            people = prepare(home, found, report=report)
            waiting = threading.Thread(
                target=_tell_when_ready, args=(url, report, people, started, home), daemon=True
            )
            supervisor = Supervisor(
                serving(home, found, bind=bind, reload=reload),
                report=report,
                once_started=waiting.start,
            )
            engines_watch = _EnginesWatch(found, report)
            supervisor.loop()
            _no_more_signals()
            engines_watch.over()
            report.say(f"\n  Stopped. What was said is kept in {home.path}")
    return 1 if engines_watch.broke else _exit_code(supervisor.returncode)


def prepare(
    home: Home, found: Engines, *, report: Report, demo: bool = False
) -> list[dict[str, object]]:
    """Migrations, static files and the demo, whose people are returned. Raises CannotStart."""
    command = [sys.executable, "-m", "moderado.standalone.prepare", *(["--demo"] if demo else [])]
    settings = environment(home, found, settings="worker") | {
        "MODERADO_DEMO_PASSWORD": home.secrets().demo_password,
        "MODERADO_DEMO_MEMORY": str(home.path / "demo.json"),
    }
    people: list[dict[str, object]] = []
    with home.log("prepare") as log:
        before = log.tell()
        process = subprocess.Popen(
            command, env=settings, stdout=subprocess.PIPE, stderr=log, text=True
        )
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                if "step" in said:
                    report.done(said["step"], said["result"], seconds=said["seconds"])
                else:
                    people.append(said)
    if process.returncode != 0:
        raise CannotStart(_what_went_wrong(home, before))
    return people


def _what_went_wrong(home: Home, since: int) -> str:
    path = home.path / "logs" / "prepare.log"
    said = path.read_bytes()[since:].decode(errors="replace").strip()
    if not said or "Traceback" in said:
        return f"It could not be prepared: {said.rpartition(chr(10))[2]} (see {path})"
    return said


def _tell_when_ready(
    url: str, report: Report, people: list[dict[str, object]], started: float, home: Home
) -> None:
    is_late = False
    while (answer := _why_not_ready(url)) is not None:
        if not is_late and time.monotonic() > started + _SECONDS_TO_BE_READY:
            is_late = True
            report.say(f"  It is not ready after {_SECONDS_TO_BE_READY} s: {answer}")
            report.event(
                "standalone_late", level="warning", seconds=_SECONDS_TO_BE_READY, answer=answer
            )
        time.sleep(0.1)
    _welcome(url, report, people, time.monotonic() - started, home)


def _why_not_ready(url: str) -> str | None:
    try:
        with urlopen(f"{url}/readyz", timeout=5):  # noqa: S310  (our own address)
            return None
    except HTTPError as error:
        return f"{error.code} {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return str(error)


def _welcome(
    url: str, report: Report, people: list[dict[str, object]], seconds: float, home: Home
) -> None:
    password = home.secrets().demo_password
    lines = [f"\n  Ready in {seconds:.1f} s:  {url}\n"]
    if people:
        lines += [f"    {person['email']:<22} {password}   {person['person']}" for person in people]
        lines += [f"\n  Administration:  {url}/admin/  (the last of them may)"]
    report.say("\n".join(lines) + "\n  Ctrl-C stops everything.\n")
    report.event(
        "standalone_ready",
        url=url,
        seconds=round(seconds, 1),
        people=[{"email": person["email"], "password": password} for person in people],
    )


class _EnginesWatch:
    """An engine that ends uncalled takes everything with it: nothing works without it."""

    def __init__(self, found: Engines, report: Report) -> None:
        self.broke = False
        self._over = False
        self._report = report
        for name, process in found.processes.items():
            threading.Thread(target=self._watch, args=(name, process), daemon=True).start()

    def over(self) -> None:
        """From now on the engines may end."""
        self._over = True

    def _watch(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        process.wait()
        if not self._over:
            self.broke = True
            self._report.say(f"\n  {name} has ended: everything stops. The next start recovers.")
            self._report.event("standalone_engine_ended", level="error", what=name)
            os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """SIGTERM unwinds what has been started, as Ctrl-C does, until honcho listens for both."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        _no_more_signals()
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    yield


def _no_more_signals() -> None:
    """Whoever is impatient now would only interrupt the orderly end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _exit_code(returncode: int | None) -> int:
    """A stop that was asked for is a success."""
    asked_for = {None, 0, 128 + signal.SIGINT, 128 + signal.SIGTERM}
    return 0 if returncode in asked_for else 1


def _running(url: str, found: Engines) -> Running:
    return Running(
        pid=os.getpid(), url=url, database_url=found.database_url, redis_url=found.redis_url
    )


def _check_port(bind: str) -> None:
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except (OSError, OverflowError, ValueError) as error:
            raise CannotStart(
                f"It cannot listen on {bind} ({getattr(error, 'strerror', None) or error}): "
                f"choose another port, as in `PORT=8123 make up`."
            ) from None


def _url(bind: str) -> str:
    host, _, port = bind.rpartition(":")
    shown = "127.0.0.1" if host in {"", "0.0.0.0", "[::]"} else host  # noqa: S104 (what is asked)
    return f"http://{shown}:{port}"
