"""Start and stop child processes.

The kernel signals a child when this process dies. PostgreSQL refuses to run as root; `LaunchMode`
says how to start it nevertheless.
"""

import ctypes
import errno
import os
import pwd
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from moderado.core.processes import die_with_parent
from moderado.standalone.errors import CannotStart

_NEW_USER_NAMESPACE = 0x10000000
_NOBODY = "nobody"
# Below the kernel's range for outgoing connections (from 32768, on some systems 16384).
_PORT_RANGE = (10_240, 16_000)

# Loaded at import: a child must not load libraries between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchMode:
    """How a child is started.

    PostgreSQL refuses to run as root. Root starts it in a new user namespace, in which the process
    is not root while the files stay root's. Most containers forbid that; there root starts it as
    an unprivileged account.
    """

    own_namespace: bool = False
    user: str | None = None


UNCHANGED = LaunchMode()


def launch_mode_for_postgres(folder: Path, program: Path) -> LaunchMode:
    """Choose how to run PostgreSQL.

    Args:
        folder: Holds the data; may be made passable for other users (mode 0711).
        program: The server's program.

    Raises:
        CannotStart: PostgreSQL cannot run for this user.
    """
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise CannotStart(
                f"User {os.geteuid()} has no entry in /etc/passwd, without which PostgreSQL does "
                "not start: set DATABASE_URL, or run as a user that has one."
            ) from None
        return UNCHANGED
    if _can_create_namespace():
        return LaunchMode(own_namespace=True)
    nobody = LaunchMode(user=_NOBODY)
    folder.chmod(0o711)
    if not (_can_reach(nobody, program) and _can_reach(nobody, folder)):
        raise CannotStart(
            "PostgreSQL refuses to run as root, and the account `nobody` cannot reach "
            f"{folder} and {program}: set DATABASE_URL, run as another user, or move both "
            "(MODERADO_HOME) out of folders that only root may enter."
        )
    return nobody


def spawn(
    command: Sequence[str | Path],
    *,
    mode: LaunchMode = UNCHANGED,
    parent_death_signal: signal.Signals = signal.SIGKILL,
    output: IO[Any] | int | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start a child in a new session, so that Ctrl-C does not reach it.

    Call it from the main thread: the kernel sends the signal when the calling thread ends.

    Args:
        mode: How to start PostgreSQL as root.
        parent_death_signal: What the child receives when this process dies.
        output: Receives standard output and standard error.
        options: Passed to `subprocess.Popen`.
    """
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [str(part) for part in command],
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_preexec(mode, parent_death_signal),  # noqa: PLW1509 (it only makes system calls)
        user=mode.user,
        group=_group(mode.user),
        extra_groups=[] if mode.user else None,
        **options,
    )
    return process


def change_owner(path: Path, mode: LaunchMode) -> None:
    """Make the child's account the owner of `path` and its content; only as root."""
    account = pwd.getpwnam(mode.user or "root")
    if os.geteuid() != 0 or path.stat().st_uid == account.pw_uid:
        return
    for each in (path, *path.rglob("*")):
        os.chown(each, account.pw_uid, account.pw_gid, follow_symlinks=False)


def stop(process: subprocess.Popen[bytes], with_signal: signal.Signals, *, seconds: float) -> None:
    """Send a signal and wait; kill the child after `seconds`."""
    if process.poll() is None:
        process.send_signal(with_signal)
    wait_or_kill(process, seconds=seconds)


def wait_or_kill(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Wait for the end of a child; kill it after `seconds`."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a free port of the loopback interface.

    The port is outside of the kernel's range for outgoing connections. Otherwise one of them could
    take it before the server listens.

    Raises:
        OSError: No free port was found.
    """
    for _ in range(100):
        port = random.randrange(*_PORT_RANGE)  # noqa: S311  (not a secret)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no free port on the loopback")


def can_create_socket(path: Path) -> bool:
    """Whether a Unix socket can be created at `path`.

    The kernel limits its length to 107 bytes, and some file systems have no sockets.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
    path.unlink()
    return True


def _preexec(mode: LaunchMode, parent_death_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        # The namespace first: a change of credentials clears the parent-death signal.
        if mode.own_namespace:
            _enter_namespace()
        die_with_parent(parent_death_signal, parent=parent)

    return prepare


def _enter_namespace() -> None:
    if _libc is None or _libc.unshare(_NEW_USER_NAMESPACE) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")


@cache
def _can_create_namespace() -> bool:
    if _libc is None:
        return False
    probe = "import os, sys; sys.exit(os.geteuid() == 0)"  # useless if it maps root
    try:
        return _succeeds(LaunchMode(own_namespace=True), [sys.executable, "-S", "-c", probe])
    except (OSError, subprocess.SubprocessError):
        return False


def _can_reach(mode: LaunchMode, path: Path) -> bool:
    return _succeeds(mode, ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)])


def _succeeds(mode: LaunchMode, command: Sequence[str]) -> bool:
    return spawn(command, mode=mode, output=subprocess.DEVNULL, cwd="/").wait() == 0


def _group(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None
