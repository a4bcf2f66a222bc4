"""The embedded PostgreSQL: a child of this process, on a folder of its own."""

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
from moderado.standalone.spawn import (
    Ways,
    free_port,
    give,
    may_listen,
    spawn,
    stop,
    ways_for_postgres,
)

DATABASE = "moderado"
_OWNER = "postgres"
_SECONDS_TO_START = 60  # recovery after a crash reads the log of changes first
_SECONDS_TO_STOP = 10
_SECONDS_FOR_AN_ORPHAN = 10
_ATTEMPTS = 3  # somebody else may take the port between our look and the server's


@contextmanager
def postgres(home: Home, *, durable: bool = True) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A running server for as long as the block runs: its URL, and its process.

    `durable=False` trades the promise that a commit survives a crash for speed: tests only.
    Raises CannotStart.
    """
    programs = postgres_programs()
    ways = ways_for_postgres(home.path, programs.postgres)
    cluster = home.path / "pg"
    password = home.secrets().postgres_password
    _wait_for_an_orphan(cluster)
    if not cluster.exists():
        _create(cluster, programs, ways, password, home)
    _check(cluster, programs)
    for left in cluster.glob(".s.PGSQL.*"):  # the sockets of servers that were killed
        left.unlink()
    give(cluster, ways)  # it may have been made by somebody who was not root
    process, port = _start(cluster, programs, ways, password, home, durable=durable)
    try:
        _create_database(port, password)
        yield _url(cluster, port, password), process
    finally:
        stop(process, signal.SIGINT, seconds=_SECONDS_TO_STOP)


def _create(
    cluster: Path, programs: PostgresPrograms, ways: Ways, password: str, home: Home
) -> None:
    """initdb beside the place, then move it there: one that is killed leaves no half cluster."""
    draft = cluster.with_suffix(".init")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    give(draft, ways)
    password_file = home.path / "pg.password"
    with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as handle:
        handle.write(password)
    give(password_file, ways)
    # fmt: off
    command: list[str | Path] = [
        programs.initdb, "-D", draft, "-U", _OWNER, "-A", "scram-sha-256",
        "--pwfile", password_file, "-E", "UTF8", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8", "--no-sync",
    ]
    # fmt: on
    try:
        with home.log("postgres") as log:
            made = spawn(command, ways=ways, output=log, env=_environment(), cwd="/").wait()
    finally:
        password_file.unlink()
    if made != 0:
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
    ways: Ways,
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
                ways=ways,
                # Fast, and in order; what need not last may as well be dropped at once.
                dying_signal=signal.SIGINT if durable else signal.SIGQUIT,
                output=log,
                env=_environment(),
                cwd="/",
            )
        try:
            if _answers(process, port, password):
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
        # In the cluster, which none but its owner and root may enter: nobody else is a client.
        "unix_socket_directories": "." if may_listen(_socket(cluster, port)) else "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        "max_connections": "100",
        # A statement that fails is not written down with the words and addresses that stand in it.
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
            "max_connections": "400",  # several test processes share it, with pools of their own
        }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [programs.postgres, "-D", cluster, "-p", str(port), *options]


def _socket(cluster: Path, port: int) -> Path:
    """Where the server makes its Unix socket, and libpq looks for it."""
    return cluster / f".s.PGSQL.{port}"


def _url(cluster: Path, port: int, password: str) -> str:
    """`host=` leads to the Unix socket, which costs both ends half as much as TCP does; without
    it, the same URL leads to the same server by TCP."""
    by_tcp = f"postgres://{_OWNER}:{quote(password)}@127.0.0.1:{port}/{DATABASE}"
    return f"{by_tcp}?host={quote(str(cluster))}" if _socket(cluster, port).is_socket() else by_tcp


def _answers(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    """Whether the server came up; False when its process ended instead."""
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


def _wait_for_an_orphan(cluster: Path) -> None:
    """We hold the folder, so a server that runs on it lost its master: it is stopping, or is told
    to. Raises CannotStart when it does not go away."""
    deadline = time.monotonic() + _SECONDS_FOR_AN_ORPHAN
    told = False
    while (pid := _orphan(cluster)) is not None:
        if not told:
            os.kill(pid, signal.SIGINT)
            told = True
        if time.monotonic() > deadline:
            raise CannotStart(f"An older PostgreSQL (process {pid}) still uses {cluster}.")
        time.sleep(0.05)


def _orphan(cluster: Path) -> int | None:
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(cluster) in command else None


def _last_line(home: Home) -> str:
    lines = (home.path / "logs" / "postgres.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
