"""Time slices of long tasks: between them, a worker with one process runs other tasks."""

import time
from collections.abc import Iterator

SLICE = 0.5  # seconds: how long messages wait at most for a worker with one process


def steps_of_slice() -> Iterator[None]:
    """Yield before each step of a slice: until `SLICE` is over, and at least once.

    However slow the machine is, each slice makes progress.
    """
    deadline = time.monotonic() + SLICE
    yield
    while time.monotonic() < deadline:
        yield
