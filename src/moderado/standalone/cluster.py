"""The data folder of the embedded PostgreSQL server, and the state that the server writes there."""

import os
import shutil
import signal
import time
from pathlib import Path

from moderado.standalone.binaries import PostgresPrograms
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.processes import LaunchMode, change_owner, spawn

OWNER = "postgres"  # owns the tables, and migrates them
_SECONDS_FOR_ORPHAN = 10


def create(cluster: Path, programs: PostgresPrograms, mode: LaunchMode, home: Home) -> None:
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
            exit_code = spawn(command, mode=mode, output=log, env=environment(), cwd="/").wait()
    finally:
        password_file.unlink()
    if exit_code != 0:
        last = [*home.log_lines("postgres"), "it logged nothing"][-1]
        raise CannotStart(f"PostgreSQL could not make its folder: {last}")
    draft.replace(cluster)


def check(cluster: Path, programs: PostgresPrograms) -> None:
    """Check that the folder is whole and of this version. Raises CannotStart."""
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


def stop_orphan(cluster: Path) -> None:
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


def is_stopping(cluster: Path) -> bool:
    """Tell whether the server waits for its end."""
    try:
        return (cluster / "postmaster.pid").read_text().split()[-1] == "stopping"
    except (OSError, IndexError):
        return False


def _orphan_pid(cluster: Path) -> int | None:
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(cluster) in command else None


def environment() -> dict[str, str]:
    """Return the environment of the server's programs."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
