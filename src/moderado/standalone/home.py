"""The folder of a standalone instance (`MODERADO_HOME`): database, secrets and logs."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from moderado.standalone.errors import AlreadyRunning, CannotStart

MAX_LOG_SIZE = 5_000_000  # bytes; a longer log is truncated when it is opened again


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Generated at the first start; stored in `secrets.json` with mode 0600."""

    secret_key: str
    postgres_password: str  # of the tables' owner
    application_password: str  # of the role that the server uses
    valkey_password: str
    demo_password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningInstance:
    """What a running instance publishes in its folder."""

    pid: int
    url: str
    database_url: str
    database_owner_url: str
    redis_url: str


class Home:
    """A folder with mode 0700, created if it is missing.

    Raises:
        CannotStart: The folder cannot be created or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        with _readable_errors(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "logs").mkdir(exist_ok=True)
            self.metrics.mkdir(exist_ok=True)
            probe = self.path / ".writable"
            probe.touch()
            probe.unlink()

    @property
    def static(self) -> Path:
        return self.path / "static"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    @property
    def _running_file(self) -> Path:
        return self.path / "running.json"

    def log(self, name: str) -> IO[bytes]:
        """Open `logs/<name>.log` for appending. The caller closes it."""
        path = self.path / "logs" / f"{name}.log"
        mode = "wb" if path.exists() and path.stat().st_size > MAX_LOG_SIZE else "ab"
        return path.open(mode)

    def log_lines(self, name: str, *, since: int = 0) -> list[str]:
        """Return the lines of `logs/<name>.log` from a position on, without empty ones."""
        with (self.path / "logs" / f"{name}.log").open("rb") as log:
            log.seek(since)
            text = log.read().decode(errors="replace")
        return [line for line in text.splitlines() if line.strip()]

    def secrets(self) -> Secrets:
        """Return the secrets; generate those that are missing.

        Raises:
            CannotStart: `secrets.json` is unreadable or damaged.
        """
        path = self.path / "secrets.json"
        with _readable_errors(path):
            known = json.loads(path.read_text()) if path.exists() else {}
            complete = asdict(_new_secrets()) | known
            if complete.keys() != known.keys():  # new, or written by an earlier version
                write_private_json(path, complete)
            return Secrets(**complete)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder until the block ends. The kernel releases it if the process dies.

        Raises:
            AlreadyRunning: Another process holds the lock.
        """
        with (self.path / "lock").open("a") as handle:
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning(self._holder()) from None
            self._running_file.unlink(missing_ok=True)  # left by an instance that was killed
            yield

    @contextmanager
    def published(self, running: RunningInstance) -> Iterator[None]:
        """Publish the engines' addresses for other commands until the block ends."""
        write_private_json(self._running_file, asdict(running))
        try:
            yield
        finally:
            self._running_file.unlink(missing_ok=True)

    def running(self) -> RunningInstance | None:
        """Return what the running instance published; None if there is nothing to read."""
        try:
            return RunningInstance(**json.loads(self._running_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _holder(self) -> str:
        running = self.running()
        if running is None:
            return f"Another copy is starting or stopping on {self.path}: try again in a moment."
        return (
            f"A copy already runs on {self.path} ({running.url}, process {running.pid}): stop it, "
            "or give this one a folder of its own with MODERADO_HOME."
        )


def write_private_json(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON atomically, to a file with mode 0600."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        json.dump(content, handle, indent=1)
    draft.replace(path)


def _new_secrets() -> Secrets:
    return Secrets(
        secret_key=secrets.token_urlsafe(48),
        postgres_password=secrets.token_urlsafe(24),
        application_password=secrets.token_urlsafe(24),
        valkey_password=secrets.token_urlsafe(24),
        demo_password="-".join(secrets.token_hex(2) for _ in range(3)),
    )


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "unusable").lower()
        raise CannotStart(
            f"{path} cannot be used ({reason}): make it writable, or set MODERADO_HOME to a "
            "folder that is."
        ) from None
    except (ValueError, TypeError):
        raise CannotStart(f"{path} is damaged: move it away to create a new one.") from None
