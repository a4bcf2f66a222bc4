"""Processes that do not outlive the one that started them."""

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1

# Looked up once, at import: between fork and exec a child may not load libraries.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(
    with_signal: signal.Signals = signal.SIGKILL, *, parent: int | None = None
) -> None:
    """Have the kernel send this process `with_signal` when its parent ends, however it ends.

    Survives exec. Call it in the child; `parent` is the process id the child expects above it, and
    closes the gap in which the parent died before this call. Linux only: elsewhere, nothing.
    """
    if _libc is None:
        return
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(with_signal), 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), with_signal)
