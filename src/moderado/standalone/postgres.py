"""The embedded PostgreSQL server: a child of this process, with its data in the home folder."""

import re
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
from moderado.standalone.cluster import OWNER, check, create, environment, is_stopping, stop_orphan
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.keeper import Program
from moderado.standalone.processes import (
    can_create_socket,
    change_owner,
    free_port,
    launch_mode_for_postgres,
    spawn,
    stop,
)

DATABASE = "moderado"
APPLICATION = "moderado_app"  # reads and writes rows (ADR 0045)
_SECONDS_BETWEEN_LOOKS = 1  # at the file in which the server writes its state
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
        stop_orphan(self._cluster)
        if not self._cluster.exists():
            create(self._cluster, self._programs, self._mode, self._home)
        check(self._cluster, self._programs)
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
                env=environment(),
                cwd="/",
            )
        return self.process

    def follow(self, process: "subprocess.Popen[bytes]") -> bool:
        """Wait until the server accepts connections, however long crash recovery takes."""
        return self.becomes_ready(process)

    def wait_for_end(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait until the server ends, and hurry one that SIGTERM asked to.

        It then refuses new connections and waits for the open ones, which pools never close.
        """
        while True:
            try:
                return process.wait(timeout=_SECONDS_BETWEEN_LOOKS)
            except subprocess.TimeoutExpired:
                if is_stopping(self._cluster):
                    process.send_signal(self.stop_signal)

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
