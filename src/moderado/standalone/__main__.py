"""`moderado`: everything on one machine."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from moderado.core.processes import die_with_parent
from moderado.standalone.attached import attached
from moderado.standalone.commands import environment
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.report import Report
from moderado.standalone.up import prepare, up


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 1 with one sentence on standard error."""
    choice, rest = _parser().parse_known_args(arguments)
    if rest and choice.command not in {"manage", "createsuperuser"}:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return _run(choice, rest)
    except CannotStart as error:
        print(f"\nmoderado: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(choice: argparse.Namespace, rest: list[str]) -> int:
    home = Home(Path(os.environ.get("MODERADO_HOME") or ".moderado"))
    report = Report(as_json=os.environ.get("LOG_FORMAT") == "json")
    match choice.command:
        case "up" | "dev":
            _end_with_make()
            return up(home, bind=_bind(choice), report=report, reload=choice.command == "dev")
        case "demo":
            return _demo(home, report)
        case "createsuperuser":
            return _django(home, ["createsuperuser", *rest])
        case _:
            return _django(home, rest or ["help"])


def _django(home: Home, arguments: list[str]) -> int:
    """One of Django's commands, on the engines of the running copy or, if none runs, on our own."""
    with attached(home) as engines:
        return subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            env=environment(home, engines, settings="worker"),
            check=False,
        ).returncode


def _demo(home: Home, report: Report) -> int:
    with attached(home) as engines:
        people = prepare(home, engines, report=report, demo=True)
    for person in people:
        report.say(f"    {person['email']:<22} {home.secrets().demo_password}")
    return 0


def _end_with_make() -> None:
    """Under `make up`, killing make (even with -9) stops us in order."""
    try:
        parent = Path(f"/proc/{os.getppid()}/comm").read_text().strip()
    except OSError:
        return
    if parent in {"make", "gmake"}:
        die_with_parent(signal.SIGTERM)


def _bind(choice: argparse.Namespace) -> str:
    port = choice.port or os.environ.get("PORT") or "8000"
    return choice.bind or os.environ.get("BIND") or f"127.0.0.1:{port}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="moderado",
        description="Chat Moderado on one machine. Everything it keeps is in MODERADO_HOME "
        "(.moderado/). DATABASE_URL and REDIS_URL, where set, are used instead of the embedded "
        "PostgreSQL and Valkey.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("up", "start everything, until Ctrl-C"),
        ("dev", "the same, started anew whenever the source changes"),
    ):
        command = commands.add_parser(name, help=purpose, allow_abbrev=False)
        command.add_argument("--port", help="port on 127.0.0.1 (PORT; 8000)")
        command.add_argument("--bind", help="host:port, to be reached from elsewhere (BIND)")
    commands.add_parser("demo", help="make the demo accounts and rooms, with their passwords")
    commands.add_parser("createsuperuser", help="make an account that may administer everything")
    commands.add_parser("manage", help="any command of Django's: moderado manage shell")
    return parser


if __name__ == "__main__":
    sys.exit(main())
