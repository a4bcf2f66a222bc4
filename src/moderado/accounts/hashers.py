"""Password hashing, for a few passwords at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

from moderado.core.database import release_connection
from moderado.core.errors import Unavailable

SLOTS = 4  # Argon2 needs 46 MiB for each hash
MAX_WAIT = 5.0  # seconds

_slots = threading.BoundedSemaphore(SLOTS)
_held = threading.local()


@contextmanager
def hashing_slot() -> Iterator[None]:
    """Wait until this process may hash another password; nested uses share one slot.

    The thread holds no database connection while it waits, so that a flood of sign-ins cannot
    exhaust the pool.

    Raises:
        Unavailable: No slot became free in time.
    """
    if getattr(_held, "depth", 0):
        yield
        return
    release_connection()
    if not _slots.acquire(timeout=MAX_WAIT):
        raise Unavailable
    _held.depth = 1
    try:
        yield
    finally:
        _held.depth = 0
        _slots.release()


class Argon2(Argon2PasswordHasher):
    """Argon2id with OWASP's first recommended parameters (46 MiB, one pass, one thread).

    Django's defaults use 100 MiB and eight threads for each sign-in: a few simultaneous sign-ins
    would exhaust a small server. Every hash takes a slot, whichever form or service wants it.
    """

    time_cost = 1
    memory_cost = 47_104  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with hashing_slot():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with hashing_slot():
            return super().verify(password, encoded)
