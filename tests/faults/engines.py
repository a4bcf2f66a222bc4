"""PostgreSQL and Valkey, each behind a proxy, that can be killed, paused and restarted."""

import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg.rows import dict_row
from redis.backoff import NoBackoff
from redis.retry import Retry

from moderado.standalone.binaries import valkey_program
from moderado.standalone.home import Home
from moderado.standalone.postgres import postgres
from moderado.standalone.processes import spawn, stop
from tests import processes
from tests.faults.wire import Wire

SECONDS = 10


class Postgres:
    """A durable server in its own folder. The processes reach it through `wire`."""

    def __init__(self, folder: Path) -> None:
        self._home = Home(folder)
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._direct = self._application = ""
        self.wire = Wire(0)

    def start(self) -> None:
        server = self._stack.enter_context(postgres(self._home))
        self._process, self._direct = server.process, server.owner_url
        self._application = server.application_url
        self.wire.target = server.port

    def stop(self) -> None:
        """Stop in good order, for good."""
        self._stack.close()
        self.wire.close()

    def crash(self) -> None:
        """Stop like `pg_ctl -m immediate`: uncommitted work is lost."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill the postmaster; its children exit when they notice."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Crash and restart."""
        self.crash()
        self.start()

    @property
    def url(self) -> str:
        """Return the application's URL for the processes, through the proxy."""
        account = urlsplit(self._application).netloc.rpartition("@")[0]
        parts = urlsplit(self._direct)
        return parts._replace(netloc=f"{account}@127.0.0.1:{self.wire.port}", query="").geturl()

    @property
    def direct_urls(self) -> dict[str, str]:
        """The URLs of application and owner past the proxy, as variables for migrations."""
        return {"DATABASE_URL": self._application, "DATABASE_OWNER_URL": self._direct}

    def connect(self) -> psycopg.Connection[dict[str, Any]]:
        """Open a connection of the harness, past the proxy."""
        return psycopg.connect(self._direct, autocommit=True, row_factory=dict_row)

    def ask(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Run `query` with positional values or one mapping; return its rows."""
        named = len(values) == 1 and isinstance(values[0], Mapping)
        with self.connect() as connection:
            answer = connection.execute(query, values[0] if named else values)
            return answer.fetchall() if answer.description else []

    def value(self, query: str, *values: Any) -> Any:
        return next(iter(self.ask(query, *values)[0].values()))

    def terminate_backends(self) -> int:
        """Terminate every connection but the harness's; return their number."""
        ended = self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return len(ended)

    @property
    def folder(self) -> Path:
        return self._home.path

    def _end(self, with_signal: signal.Signals) -> None:
        assert self._process
        stop(self._process, with_signal, seconds=SECONDS)
        self._stack.close()


class Valkey:
    """A server that keeps its port and, unless it is durable, no data."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._durable = durable
        self._port = lasting_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.options: dict[str, str] = {"maxmemory-policy": "noeviction"}

    def start(self) -> None:
        settings = {
            "port": str(self._port),
            "bind": "127.0.0.1",
            "dir": str(self._folder),
            "appendonly": "yes" if self._durable else "no",
            "save": "",
            **self.options,
        }
        command = [part for name, value in settings.items() for part in (f"--{name}", value)]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = spawn([valkey_program(), *command], output=log)
        processes.wait_until(self.answers, what="Valkey answers", seconds=SECONDS)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM, seconds=SECONDS)

    def kill(self) -> None:
        assert self._process
        stop(self._process, signal.SIGKILL, seconds=SECONDS)

    def pause(self) -> None:
        """Stop the server with SIGSTOP; every connection stays open."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)

    @property
    def port(self) -> int:
        return self._port

    def client(self, number: int = 0) -> redis.Redis:
        """Return a client of the harness for database `number`."""
        return redis.Redis(
            port=self._port,
            db=number,
            decode_responses=True,
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),  # no retries: an unreachable server fails at once
        )

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (OSError, redis.RedisError):
            return False


def copy_of(template: Path, folder: Path) -> Path:
    """Copy the database of `template`, which must be stopped: faster than creating one."""
    shutil.copytree(template, folder, symlinks=True, dirs_exist_ok=True)
    return folder


def lasting_port() -> int:
    """Return a port that remains free while no server listens on it.

    Ports from 32768 on are left out: the kernel gives them to outgoing connections.
    """
    for _ in range(100):
        port = random.randint(15_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")
