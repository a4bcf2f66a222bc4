"""The embedded PostgreSQL server: a child of this process, with its data in the home folder."""

import os
import re
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
from moderado.standalone.keeper import Program
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
OWNER = "postgres"  # owns the tables, and migrates them
APPLICATION = "moderado_app"  # reads and writes rows (ADR 0045)
_SECONDS_FOR_ORPHAN = 10
_ATTEMPTS = 3  # another process may take the port before the server listens
_ERROR = re.compile(r" (?:ERROR|FATAL|PANIC): ")


class Postgres(Program):
    """A server with its data in the home folder. It keeps its port over restarts.

    Args:
        durable: False disables fsync, for tests: commits may be lost in a crash.

    Raises:
        CannotStart: There is no server program, or no account to run it as.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast shutdown
    stop_seconds = 10

    def __init__(self, home: Home, *, durable: bool) -> None:
        self._home = home
        self._durable = durable
        self._programs = postgres_programs()
        self._mode = launch_mode_for_postgres(home.path, self._programs.postgres)
        self._cluster = home.path / "pg"
        self._log_start = 0
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def owner_url(self) -> str:
        """The URL of the role that owns the tables."""
        return self._url(OWNER, self._home.secrets().postgres_password)

    @property
    def application_url(self) -> str:
        """The URL of the role that the server uses. Migrations create it."""
        return self._url(APPLICATION, self._home.secrets().application_password)

    def prepare(self) -> None:
        """Create the data folder if it is missing, and remove what a killed server left.

        Raises:
            CannotStart: The folder cannot be created or used.
        """
        _stop_orphan(self._cluster)
        if not self._cluster.exists():
            _create(self._cluster, self._programs, self._mode, self._home)
        _check(self._cluster, self._programs)
        change_owner(self._cluster, self._mode)  # another account may have created it

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server on its port, without waiting for it."""
        for stale_socket in self._cluster.glob(".s.PGSQL.*"):  # left by killed servers
            stale_socket.unlink()
        with self._home.log("postgres") as log:
            self._log_start = log.tell()
            self.process = spawn(
                _command(self._cluster, self._programs, self.port, durable=self._durable),
                mode=self._mode,
                # Fast shutdown; immediate shutdown if nothing must be kept.
                parent_death_signal=signal.SIGINT if self._durable else signal.SIGQUIT,
                output=log,
                env=_environment(),
                cwd="/",
            )
        return self.process

    def follow(self, process: "subprocess.Popen[bytes]") -> bool:
        """Wait until the server accepts connections, however long crash recovery takes."""
        return self.becomes_ready(process)

    def becomes_ready(self, process: "subprocess.Popen[bytes]") -> bool:
        """Wait until the server accepts connections; return False if it ended.

        Recovery after a crash replays the write-ahead log, for as long as it takes: a server is
        never stopped for being slow.
        """
        while process.poll() is None:
            try:
                _connect(self.port, self._home.secrets().postgres_password).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def cause(self) -> str:
        """Return the last error that the server logged since its start."""
        lines = self._home.log_lines("postgres", since=self._log_start)
        errors = [line for line in lines if _ERROR.search(line)]
        last = (errors or lines or ["it logged nothing"])[-1]
        return _ERROR.split(last)[-1].strip()

    def _url(self, user: str, password: str) -> str:
        """Return the URL: over the Unix socket (`host=`) if there is one, otherwise over TCP.

        The socket costs client and server half the CPU of TCP. Without the query the URL uses TCP.
        """
        by_tcp = f"postgres://{user}:{quote(password)}@127.0.0.1:{self.port}/{DATABASE}"
        if _socket(self._cluster, self.port).is_socket():
            return f"{by_tcp}?host={quote(str(self._cluster))}"
        return by_tcp


@contextmanager
def postgres(home: Home, *, durable: bool = True) -> Iterator[Postgres]:
    """Run a server until the block ends.

    Args:
        durable: False disables fsync, for tests: commits may be lost in a crash.

    Raises:
        CannotStart: There is no server program, or it does not start.
    """
    server = Postgres(home, durable=durable)
    server.prepare()
    try:
        for _ in range(_ATTEMPTS):
            server.port = free_port()
            if server.becomes_ready(server.start()):
                break
        else:
            raise CannotStart(
                f"PostgreSQL does not start on {home.path / 'pg'}: {server.cause()} (all of it is "
                f"in {home.path / 'logs' / 'postgres.log'})"
            )
        _create_database(server.port, home.secrets().postgres_password)
        yield server
    finally:
        if server.process is not None:
            stop(server.process, server.stop_signal, seconds=server.stop_seconds)


def _create(cluster: Path, programs: PostgresPrograms, mode: LaunchMode, home: Home) -> None:
    """Run initdb in a temporary folder and rename it, so that a crash leaves no partial cluster."""
    draft = cluster.with_suffix(".init")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    change_owner(draft, mode)
    password_file = home.path / "pg.password"
    with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as handle:
        handle.write(home.secrets().postgres_password)
    change_owner(password_file, mode)
    # fmt: off
    command: list[str | Path] = [
        programs.initdb, "-D", draft, "-U", OWNER, "-A", "scram-sha-256",
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
        last = [*home.log_lines("postgres"), "it logged nothing"][-1]
        raise CannotStart(f"PostgreSQL could not make its folder: {last}")
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
        user=OWNER,
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


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
