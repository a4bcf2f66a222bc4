"""What keeps an object in memory: references, or only that the garbage collector has not run."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Let only that be freed to which no other object refers."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
