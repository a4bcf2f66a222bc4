"""What all workers of a test run share because it takes long to make."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object], *, shared: bool
) -> Path:
    """Return a folder that the first caller of the run makes, while the others wait.

    Args:
        factory: pytest's own.
        name: Of the folder.
        make: Fills a folder, which it creates.
        shared: Whether the worker is one of several of pytest-xdist.
    """
    base = factory.getbasetemp()
    folder = (base.parent if shared else base) / name  # each worker has a folder in that of the run
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            make(unfinished)
            unfinished.rename(folder)
    return folder
