"""Slices of long work, so that a worker with one process also does what comes meanwhile."""

import time
from collections.abc import Iterator

SLICE = 0.5  # seconds; messages of a worker with one process wait at most so long


def steps_of_slice() -> Iterator[None]:
    """Yield before each step of a slice: until `SLICE` is over, and at least once.

    However slow the machine is, each slice makes progress.
    """
    deadline = time.monotonic() + SLICE
    yield
    while time.monotonic() < deadline:
        yield
