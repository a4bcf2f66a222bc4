"""Starting children that live no longer than this process, and that PostgreSQL agrees to be."""

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
# Below the ports that kernels give to outgoing connections (32768 and up, some 16384).
_UNASSIGNED = (10_240, 16_000)

# Looked up once, at import: between fork and exec a child may not load libraries.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a child is started. PostgreSQL refuses to run as root, so for it root has two ways out:
    a user namespace of the child's own, in which it is nobody while the files stay root's, or,
    where that is not permitted (inside most containers), the account `nobody`."""

    own_namespace: bool = False
    user: str | None = None


AS_WE_ARE = Ways()


def ways_for_postgres(folder: Path, program: Path) -> Ways:
    """How `program` may be run below `folder`, which others may pass through if they have to.

    Raises CannotStart where PostgreSQL cannot run.
    """
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise CannotStart(
                f"User {os.geteuid()} has no entry in /etc/passwd, without which PostgreSQL does "
                "not start: set DATABASE_URL, or run as a user that has one."
            ) from None
        return AS_WE_ARE
    if _may_have_namespace():
        return Ways(own_namespace=True)
    nobody = Ways(user=_NOBODY)
    folder.chmod(0o711)
    if not (_reaches(nobody, program) and _reaches(nobody, folder)):
        raise CannotStart(
            "PostgreSQL refuses to run as root, and the account `nobody` cannot reach "
            f"{folder} and {program}: set DATABASE_URL, run as another user, or move both "
            "(MODERADO_HOME) out of folders that only root may enter."
        )
    return nobody


def spawn(
    command: Sequence[str | Path],
    *,
    ways: Ways = AS_WE_ARE,
    dying_signal: signal.Signals = signal.SIGKILL,
    output: IO[Any] | int | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """A child in a session of its own (Ctrl-C reaches us alone; we stop it in order), that gets
    `dying_signal` when this process dies. Call it from the main thread: the kernel watches that."""
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [str(part) for part in command],
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_between_fork_and_exec(ways, dying_signal),  # noqa: PLW1509 (the children's whole point; it only makes system calls)
        user=ways.user,
        group=_group(ways.user),
        extra_groups=[] if ways.user else None,
        **options,
    )
    return process


def give(path: Path, ways: Ways) -> None:
    """Make whoever the children are the owner of `path` and of all below it, if we may."""
    account = pwd.getpwnam(ways.user or "root")
    if os.geteuid() != 0 or path.stat().st_uid == account.pw_uid:
        return
    for each in (path, *path.rglob("*")):
        os.chown(each, account.pw_uid, account.pw_gid, follow_symlinks=False)


def stop(process: subprocess.Popen[bytes], with_signal: signal.Signals, *, seconds: float) -> None:
    """Stop a child, by force when it takes longer than `seconds`."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on. Raises OSError.

    Not one that the kernel would choose: an outgoing connection may be given the same one before
    anybody listens on it.
    """
    for _ in range(100):
        port = random.randrange(*_UNASSIGNED)  # noqa: S311  (not a secret)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no free port on the loopback")


def may_listen(path: Path) -> bool:
    """Whether a Unix socket can be made at `path`: the kernel takes 107 bytes, and some file
    systems know no sockets."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
    path.unlink()
    return True


def _between_fork_and_exec(ways: Ways, dying_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        # In this order: a change of credentials would clear the parent-death signal.
        if ways.own_namespace:
            _enter_namespace()
        die_with_parent(dying_signal, parent=parent)

    return prepare


def _enter_namespace() -> None:
    if _libc is None or _libc.unshare(_NEW_USER_NAMESPACE) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")


@cache
def _may_have_namespace() -> bool:
    if _libc is None:
        return False
    probe = "import os, sys; sys.exit(os.geteuid() == 0)"  # a namespace that maps root is no help
    try:
        return _succeeds(Ways(own_namespace=True), [sys.executable, "-S", "-c", probe])
    except (OSError, subprocess.SubprocessError):
        return False


def _reaches(ways: Ways, path: Path) -> bool:
    return _succeeds(ways, ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)])


def _succeeds(ways: Ways, command: Sequence[str]) -> bool:
    return spawn(command, ways=ways, output=subprocess.DEVNULL, cwd="/").wait() == 0


def _group(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None
