"""What a process asks of its kernel and of its C library."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's mallopt

# Loaded at import: between fork and exec a child must not load libraries.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(
    with_signal: signal.Signals = signal.SIGKILL, *, parent: int | None = None
) -> None:
    """Ask the kernel to signal this process when its parent ends (Linux only).

    The setting survives exec. Call it in the child.

    Args:
        with_signal: The signal to receive.
        parent: The expected parent's process id; if it has ended, the signal is sent now.
    """
    if _libc is None:
        return
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(with_signal), 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), with_signal)


def set_process_name(name: str) -> None:
    """Name this process for `ps` and `top` (Linux only): at most 15 bytes."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def use_one_arena() -> None:
    """Let all threads allocate C memory from the arena of the main thread (glibc only).

    Otherwise each thread gets an arena of its own, which keeps the most that its thread ever
    needed (ADR 0155). Call it before the process starts threads.
    """
    mallopt = getattr(_libc, "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
