"""The embedded PostgreSQL server: a child of this process, with its data in the home folder."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from moderado.standalone.binaries import PostgresPrograms, postgres_programs
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.processes import (
    LaunchMode,
    can_create_socket,
    change_owner,
    free_port,
    launch_mode_for_postgres,
    spawn,
    stop,
)

DATABASE = "moderado"
_OWNER = "postgres"
_SECONDS_TO_START = 60  # crash recovery replays the write-ahead log first
_SECONDS_TO_STOP = 10
_SECONDS_FOR_ORPHAN = 10
_ATTEMPTS = 3  # another process may take the port before the server listens


@contextmanager
def postgres(home: Home, *, durable: bool = True) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server until the block ends. Yield its URL and its process.

    Args:
        durable: False disables fsync, for tests: commits may be lost in a crash.

    Raises:
        CannotStart: There is no server program, or it does not start.
    """
    programs = postgres_programs()
    mode = launch_mode_for_postgres(home.path, programs.postgres)
    cluster = home.path / "pg"
    password = home.secrets().postgres_password
    _stop_orphan(cluster)
    if not cluster.exists():
        _create(cluster, programs, mode, password, home)
    _check(cluster, programs)
    for stale_socket in cluster.glob(".s.PGSQL.*"):  # left by killed servers
        stale_socket.unlink()
    change_owner(cluster, mode)  # another account may have created it
    process, port = _start(cluster, programs, mode, password, home, durable=durable)
    try:
        _create_database(port, password)
        yield _url(cluster, port, password), process
    finally:
        stop(process, signal.SIGINT, seconds=_SECONDS_TO_STOP)


def _create(
    cluster: Path, programs: PostgresPrograms, mode: LaunchMode, password: str, home: Home
) -> None:
    """Run initdb in a temporary folder and rename it, so that a crash leaves no partial cluster."""
    draft = cluster.with_suffix(".init")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    change_owner(draft, mode)
    password_file = home.path / "pg.password"
    with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as handle:
        handle.write(password)
    change_owner(password_file, mode)
    # fmt: off
    command: list[str | Path] = [
        programs.initdb, "-D", draft, "-U", _OWNER, "-A", "scram-sha-256",
        "--pwfile", password_file, "-E", "UTF8", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8", "--no-sync",
    ]
    # fmt: on
    try:
        with home.log("postgres") as log:
            exit_code = spawn(command, mode=mode, output=log, env=_environment(), cwd="/").wait()
    finally:
        password_file.unlink()
    if exit_code != 0:
        raise CannotStart(f"PostgreSQL could not make its folder: {_last_line(home)}")
    draft.replace(cluster)


def _check(cluster: Path, programs: PostgresPrograms) -> None:
    try:
        version = int((cluster / "PG_VERSION").read_text())
    except (OSError, ValueError):
        raise CannotStart(
            f"{cluster} is not a whole database: move it away to start with an empty one."
        ) from None
    if version != programs.major():
        raise CannotStart(
            f"{cluster} was made by PostgreSQL {version} and this is {programs.major()}: dump it "
            "with the old one, or move it away to start with an empty one."
        )


def _start(
    cluster: Path,
    programs: PostgresPrograms,
    mode: LaunchMode,
    password: str,
    home: Home,
    *,
    durable: bool,
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(_ATTEMPTS):
        port = free_port()
        with home.log("postgres") as log:
            process = spawn(
                _command(cluster, programs, port, durable=durable),
                mode=mode,
                # Fast shutdown; immediate shutdown if nothing must be kept.
                parent_death_signal=signal.SIGINT if durable else signal.SIGQUIT,
                output=log,
                env=_environment(),
                cwd="/",
            )
        try:
            if _becomes_ready(process, port, password):
                return process, port
        except BaseException:
            stop(process, signal.SIGINT, seconds=_SECONDS_TO_STOP)
            raise
    raise CannotStart(
        f"PostgreSQL does not start on {cluster}: {_last_line(home)} (all of it is in "
        f"{home.path / 'logs' / 'postgres.log'})"
    )


def _command(
    cluster: Path, programs: PostgresPrograms, port: int, *, durable: bool
) -> list[str | Path]:
    settings = {
        "listen_addresses": "127.0.0.1",
        # In the data folder, which only its owner and root can enter.
        "unix_socket_directories": "." if can_create_socket(_socket(cluster, port)) else "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        "max_connections": "100",
        # Failed statements contain texts and addresses: do not log them.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    if programs.has_contrib:
        settings["shared_preload_libraries"] = "pg_stat_statements"
    if not durable:
        settings |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "400",  # several test processes share it, each with its own pools
        }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [programs.postgres, "-D", cluster, "-p", str(port), *options]


def _socket(cluster: Path, port: int) -> Path:
    """Where the server creates its Unix socket and libpq looks for it."""
    return cluster / f".s.PGSQL.{port}"


def _url(cluster: Path, port: int, password: str) -> str:
    """Return the URL: over the Unix socket (`host=`) if there is one, otherwise over TCP.

    The socket costs client and server half the CPU of TCP. Without the query the URL uses TCP.
    """
    by_tcp = f"postgres://{_OWNER}:{quote(password)}@127.0.0.1:{port}/{DATABASE}"
    return f"{by_tcp}?host={quote(str(cluster))}" if _socket(cluster, port).is_socket() else by_tcp


def _becomes_ready(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    """Whether the server accepts connections; False if it ended or did not answer in time."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while process.poll() is None:
        try:
            _connect(port, password).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True
    return False


def _create_database(port: int, password: str) -> None:
    with _connect(port, password) as connection:
        exists = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if exists is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _connect(port: int, password: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=_OWNER,
        password=password,
        dbname="postgres",
        autocommit=True,
        connect_timeout=3,
    )


def _stop_orphan(cluster: Path) -> None:
    """Stop a server that survived its parent: this process holds the lock of the folder.

    Raises:
        CannotStart: The server does not stop.
    """
    deadline = time.monotonic() + _SECONDS_FOR_ORPHAN
    is_signalled = False
    while (pid := _orphan_pid(cluster)) is not None:
        if not is_signalled:
            os.kill(pid, signal.SIGINT)
            is_signalled = True
        if time.monotonic() > deadline:
            raise CannotStart(f"An older PostgreSQL (process {pid}) still uses {cluster}.")
        time.sleep(0.05)


def _orphan_pid(cluster: Path) -> int | None:
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(cluster) in command else None


def _last_line(home: Home) -> str:
    lines = (home.path / "logs" / "postgres.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it logged nothing"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
