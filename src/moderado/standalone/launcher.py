"""Start an instance: engines, preparation, then web and worker until a signal."""

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
from moderado.standalone.console_output import ConsoleOutput
from moderado.standalone.engines import Engines, engines
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home, RunningInstance
from moderado.standalone.keeper import Keeper
from moderado.standalone.supervisor import supervised

_SECONDS_TO_BE_READY = 60


def run_server(home: Home, *, bind: str, output: ConsoleOutput, reload: bool = False) -> int:
    """Run the server until a signal stops it. A process that ends is restarted.

    Args:
        bind: `host:port` of the web server.
        reload: Restart processes when the source changes.

    Returns:
        The exit code: 0.

    Raises:
        CannotStart: The address is in use, or an engine or the preparation failed.
    """
    started = time.monotonic()
    url = _url(bind)
    output.write_text(f"Chat Moderado in {home.path}\n")
    with _exit_on_sigterm(), home.lock():
        _check_port(bind)
        with (
            engines(home, output=output) as found,
            home.published(_running(url, found)),
            _engines_kept(found, output),
        ):
            shutil.rmtree(home.metrics, ignore_errors=True)
            home.metrics.mkdir()
            people = prepare(home, found, output=output)
            readiness = threading.Thread(
                target=_print_readiness, args=(url, output, people, started, home), daemon=True
            )
            commands = serving(home, found, bind=bind, reload=reload)
            with _signals() as stopped, supervised(commands, output=output):
                readiness.start()
                stopped.wait()
                _ignore_signals()
        output.write_text(f"\n  Stopped. Data and logs are in {home.path}")
    return 0


def prepare(
    home: Home, found: Engines, *, output: ConsoleOutput, demo: bool = False
) -> list[dict[str, object]]:
    """Apply migrations, collect static files and create the demo, in a separate process.

    Args:
        demo: Create the demo accounts even if the database has others.

    Returns:
        The demo accounts that still have the generated password: `person`, `email`, `is_staff`,
        and `is_new` if this call created the demo.

    Raises:
        CannotStart: The preparation failed.
    """
    command = [sys.executable, "-m", "moderado.standalone.prepare", *(["--demo"] if demo else [])]
    settings = environment(home, found, settings="worker") | {
        "DATABASE_OWNER_URL": found.database_owner_url,
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
                result = json.loads(line)
                if "step" in result:
                    output.write_step(result["step"], result["result"], seconds=result["seconds"])
                else:
                    people.append(result)
    if process.returncode != 0:
        raise CannotStart(_failure(home, before))
    return people


def _failure(home: Home, since: int) -> str:
    path = home.path / "logs" / "prepare.log"
    errors = path.read_bytes()[since:].decode(errors="replace").strip()
    if not errors or "Traceback" in errors:
        return f"The preparation failed: {errors.rpartition(chr(10))[2]} (see {path})"
    return errors


def _print_readiness(
    url: str, output: ConsoleOutput, people: list[dict[str, object]], started: float, home: Home
) -> None:
    is_late = False
    while (answer := _why_not_ready(url)) is not None:
        if not is_late and time.monotonic() > started + _SECONDS_TO_BE_READY:
            is_late = True
            output.write_text(
                f"  Still starting after {_SECONDS_TO_BE_READY} s: {answer}. Logs: {home.path}/logs"
            )
            output.write_event(
                "standalone_not_ready",
                level="warning",
                seconds=_SECONDS_TO_BE_READY,
                answer=answer,
            )
        time.sleep(0.1)
    _print_welcome(url, output, people, time.monotonic() - started, home)


def _why_not_ready(url: str) -> str | None:
    try:
        with urlopen(f"{url}/readyz", timeout=5):  # noqa: S310  (the local server)
            return None
    except HTTPError as error:
        return f"{error.code} {error.read(500).decode(errors='replace')}"
    except OSError:
        return "no answer yet"


def _print_welcome(
    url: str, output: ConsoleOutput, people: list[dict[str, object]], seconds: float, home: Home
) -> None:
    lines = [f"\n  Ready in {seconds:.1f} s:  {url}\n"]
    if people:
        is_new = all(person["is_new"] for person in people)
        password = f" {home.secrets().demo_password}  " if is_new else ""
        lines += [f"    {person['email']:<22}{password} {person['person']}" for person in people]
        if not is_new:
            lines.append("\n  `.venv/bin/moderado demo` shows their password.")
        lines += [f"\n  Administration:  {url}/admin/  (with the last account)"]
    output.write_text("\n".join(lines) + "\n  Ctrl-C stops everything.\n")
    output.write_event(
        "standalone_ready",
        url=url,
        seconds=round(seconds, 1),
        people=[person["email"] for person in people],  # logs are kept: no password
    )


@contextmanager
def _engines_kept(found: Engines, output: ConsoleOutput) -> Iterator[None]:
    """Restart an embedded engine that ends, while everything else keeps running."""
    keepers = [Keeper(engine, output=output, running=engine.process) for engine in found.embedded]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.close()


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and Ctrl-C set."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    yield stopped


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Make SIGTERM stop what was started, as Ctrl-C does, until the server runs."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        _ignore_signals()
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)
    yield


def _ignore_signals() -> None:
    """A second signal must not interrupt the shutdown."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _running(url: str, found: Engines) -> RunningInstance:
    return RunningInstance(
        pid=os.getpid(),
        url=url,
        database_url=found.database_url,
        database_owner_url=found.database_owner_url,
        redis_url=found.redis_url,
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
                f"Cannot listen on {bind} ({getattr(error, 'strerror', None) or error}): "
                f"choose another port, as in `PORT=8123 make up`."
            ) from None


def _url(bind: str) -> str:
    host, _, port = bind.rpartition(":")
    shown = "127.0.0.1" if host in {"", "0.0.0.0", "[::]"} else host  # noqa: S104 (compared, not bound)
    return f"http://{shown}:{port}"
