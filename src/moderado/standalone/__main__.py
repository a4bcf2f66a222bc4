"""The `moderado` command: run Chat Moderado with its engines on one machine."""

import argparse
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from moderado.core.processes import die_with_parent
from moderado.standalone.arguments import check_arguments
from moderado.standalone.attached import attached
from moderado.standalone.commands import environment
from moderado.standalone.console_output import ConsoleOutput
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.launcher import prepare, run_server

_DJANGO_COMMANDS = {
    "createsuperuser": "create an administrator account",
    "createinvitation": "create an invitation to register; print its code",
    "secondfactor": "record that staff have proved a second factor",
    "keys": "create, list or revoke API keys of other systems",
    "explain": "judge a text and say why; nothing is stored",
    "policy": "list, change, test and enable policies",
    "shadow": "report how far shadows agree with the verdicts in force",
    "calibrate": "suggest thresholds from what people ruled",
    "log": "verify the moderation log",
    "replay": "decide stored decisions again; any difference is a fault",
    "backtest": "judge past messages by another version of a policy",
    "erase": "erase an account: texts, names and e-mail",
    "hold": "keep accounts and messages from erasure, as an order demands",
    "evidence": "make a signed package of evidence, or verify one",
    "hashbank": "keep texts that orders removed from being shown again",
    "report": "write a transparency report of a year or half-year",
    "retention": "erase what is older than the settings allow",
    "records": "extract access records as an order demands; verify them",
    "export-dataset": "write the rulings as a data set without personal data",
    "train": "teach the classifier this community's rulings",
    "audit": "judge an exported chat; write a report",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line without the program's name; `sys.argv` if None.

    Returns:
        The exit code: 0, 1 with one sentence on standard error, 130 after Ctrl-C, or that of
        Django's command.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        check_arguments(given)
        choice, rest = _parser().parse_known_args(given)
        if rest and choice.command not in {"manage", *_DJANGO_COMMANDS}:
            _parser().error(f"unrecognized arguments: {' '.join(rest)}")
        return _run(choice, rest)
    except CannotStart as error:
        print(f"\nmoderado: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(choice: argparse.Namespace, rest: list[str]) -> int:
    path = Path(os.environ.get("MODERADO_HOME") or ".moderado")
    django_command = _django_command(choice, rest)
    prog = "moderado manage" if choice.command == "manage" else "moderado"
    if choice.command in {"explain", "audit"} and not _has_database(path):
        return _run_offline([prog, *django_command])
    if django_command:
        _check_database_exists(path, django_command)
    home = Home(path)
    output = ConsoleOutput(as_json=os.environ.get("LOG_FORMAT") == "json")
    match choice.command:
        case "up" | "dev":
            _stop_with_make()
            return run_server(
                home, bind=_bind(choice), output=output, reload=choice.command == "dev"
            )
        case "demo":
            return _demo(home, output)
        case _:
            return _django(home, [prog, *django_command])


def _django_command(choice: argparse.Namespace, rest: list[str]) -> list[str]:
    """Return the Django command to run; empty for a command of this program."""
    if choice.command in _DJANGO_COMMANDS:
        return [choice.command, *rest]
    return (rest or ["help"]) if choice.command == "manage" else []


def _check_database_exists(path: Path, arguments: list[str]) -> None:
    """Refuse a command that needs tables where no server ever ran; create nothing there.

    Raises:
        CannotStart: There is no database yet.
    """
    from moderado.standalone.manage import NOT_PREPARED, needs_tables  # noqa: PLC0415  (Django)

    if needs_tables(arguments) and not _has_database(path):
        raise CannotStart(f"There is no database in {path.absolute()}. {NOT_PREPARED}")


def _has_database(path: Path) -> bool:
    return bool(os.environ.get("DATABASE_URL")) or (path / "pg").exists()


def _run_offline(arguments: list[str]) -> int:
    """Judge by the configuration alone: no server ever ran here, and none is started.

    Args:
        arguments: Those of `moderado.standalone.manage`.
    """
    return subprocess.run(
        [sys.executable, "-m", "moderado.standalone.manage", *arguments, "--offline"],
        env={
            "SECRET_KEY": secrets.token_urlsafe(50),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            **os.environ,
            "DATABASE_URL": "postgres://none@127.0.0.1:1/none",
            "DJANGO_SETTINGS_MODULE": "moderado.config.settings.worker",
        },
        check=False,
    ).returncode


def _django(home: Home, arguments: list[str]) -> int:
    """Run a Django command on the running instance's engines, or start engines for it.

    Args:
        arguments: Those of `moderado.standalone.manage`.
    """
    with attached(home) as engines:
        return subprocess.run(
            [sys.executable, "-m", "moderado.standalone.manage", *arguments],
            # A person reads the output: log lines of ordinary work would stand between.
            env={"LOG_LEVEL": "WARNING"}
            | environment(home, engines, settings="worker")
            | {"DATABASE_OWNER_URL": engines.database_owner_url},
            check=False,
        ).returncode


def _demo(home: Home, output: ConsoleOutput) -> int:
    with attached(home) as engines:
        people = prepare(home, engines, output=output, demo=True)
    for person in people:
        output.write_text(f"    {person['email']:<22} {home.secrets().demo_password}")
    return 0


def _stop_with_make() -> None:
    """Stop in order when the parent is make and is killed, even with SIGKILL."""
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
        description="Run Chat Moderado on one machine. Its data is in MODERADO_HOME "
        "(.moderado/). DATABASE_URL and REDIS_URL, if set, replace the embedded PostgreSQL "
        "and Valkey.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in (
        ("up", "start the server; Ctrl-C stops it"),
        ("dev", "like up, and restart when the source changes"),
    ):
        command = commands.add_parser(name, help=purpose, allow_abbrev=False)
        command.add_argument("--port", help="port on 127.0.0.1 (default: PORT, or 8000)")
        command.add_argument("--bind", help="host:port to listen on (default: BIND)")
    commands.add_parser("demo", help="create demo accounts and rooms; print the passwords")
    for name, purpose in _DJANGO_COMMANDS.items():
        # Django's own parser explains the options: `moderado keys create --help`.
        commands.add_parser(name, help=purpose, add_help=False)
    commands.add_parser("manage", help="run a Django command, as in `moderado manage shell`")
    return parser


if __name__ == "__main__":
    sys.exit(main())
