"""The folder in which one standalone copy lives: its database, secrets and logs."""

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

LARGEST_LOG = 5_000_000  # bytes; a longer one starts anew with the next start


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Made at the first start, kept in `secrets.json` with mode 0600."""

    secret_key: str
    postgres_password: str
    valkey_password: str
    demo_password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a running copy tells those who look into its folder."""

    pid: int
    url: str
    database_url: str
    redis_url: str


class Home:
    """A folder of our own. Raises CannotStart when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        with _in_plain_words(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "logs").mkdir(exist_ok=True)
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
    def _announcement(self) -> Path:
        return self.path / "running.json"

    def log(self, name: str) -> IO[bytes]:
        """`logs/<name>.log`, opened to be written at its end."""
        path = self.path / "logs" / f"{name}.log"
        mode = "wb" if path.exists() and path.stat().st_size > LARGEST_LOG else "ab"
        return path.open(mode)

    def secrets(self) -> Secrets:
        """The secrets of this copy, made now if there are none."""
        path = self.path / "secrets.json"
        with _in_plain_words(path):
            if not path.exists():
                write_privately(path, asdict(_new_secrets()))
            return Secrets(**json.loads(path.read_text()))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for as long as the block runs.

        Raises AlreadyRunning when another process holds it. The kernel lets go when we die.
        """
        with (self.path / "lock").open("a") as handle:
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning(self._who_holds_it()) from None
            self._announcement.unlink(missing_ok=True)  # of a copy that was killed
            yield

    @contextmanager
    def announced(self, running: Running) -> Iterator[None]:
        """Let `manage` and its like find the engines for as long as the block runs."""
        write_privately(self._announcement, asdict(running))
        try:
            yield
        finally:
            self._announcement.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """What the copy that holds this folder announced; None before it has."""
        try:
            return Running(**json.loads(self._announcement.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _who_holds_it(self) -> str:
        running = self.running()
        if running is None:
            return f"Another copy is starting or stopping on {self.path}: try again in a moment."
        return (
            f"A copy already runs on {self.path} ({running.url}, process {running.pid}): stop it, "
            "or give this one a folder of its own with MODERADO_HOME."
        )


def write_privately(path: Path, content: Mapping[str, object]) -> None:
    """JSON for our eyes only, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        json.dump(content, handle, indent=1)
    draft.replace(path)


def _new_secrets() -> Secrets:
    return Secrets(
        secret_key=secrets.token_urlsafe(48),
        postgres_password=secrets.token_urlsafe(24),
        valkey_password=secrets.token_urlsafe(24),
        demo_password="-".join(secrets.token_hex(2) for _ in range(3)),
    )


@contextmanager
def _in_plain_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "unusable").lower()
        raise CannotStart(
            f"{path} cannot be used ({reason}): make it writable, or set MODERADO_HOME to a "
            "folder that is."
        ) from None
    except (ValueError, TypeError):
        raise CannotStart(f"{path} is damaged: move it away, and it is made anew.") from None
