"""Limits how many calls run at once in this process, together and for each client.

A bulkhead: expensive requests use a part of the database connections and leave the rest to others.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from moderado.core.errors import RateLimited, Unavailable

QUEUE_TIMEOUT = 2.0  # seconds that a call waits for its turn
QUEUED_PER_KEY = 4  # waiting calls of one client; further ones fail at once
QUEUED = 64  # waiting calls of all clients


class ConcurrencyLimit:
    """At most `total` calls at once, and fewer of one client, so that it never takes all places.

    Waiting calls are admitted in the order of their arrival, except those of a client that has all
    its places already.
    """

    def __init__(
        self,
        total: int,
        *,
        queue_timeout: float = QUEUE_TIMEOUT,
        queued_per_key: int = QUEUED_PER_KEY,
    ) -> None:
        self._total = total
        self._queued_per_key = queued_per_key
        self._per_key = max(1, total - 1)
        self._timeout = queue_timeout
        self._running: Counter[str] = Counter()
        self._queue: deque[str] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def place(self, key: str, *, before_waiting: Callable[[], None]) -> Iterator[None]:
        """Hold a place of the client `key`; wait for one if necessary.

        Args:
            key: Identifies the client.
            before_waiting: Called once, if the call must wait: releases what it holds.

        Raises:
            RateLimited: The client has too many calls at once.
            Unavailable: Too many calls of others run or wait.
        """
        with self._changed:
            must_wait = bool(self._queue) or not self._is_free(key)
        if must_wait:
            before_waiting()
        self._enter(key)
        try:
            yield
        finally:
            self._leave(key)

    def _enter(self, key: str) -> None:
        with self._changed:
            if self._queue.count(key) >= self._queued_per_key:
                raise RateLimited(retry_after=1)
            if len(self._queue) >= QUEUED:
                raise Unavailable
            self._queue.append(key)
            try:
                self._wait_for_turn(key)
                self._running[key] += 1
            finally:
                self._queue.remove(key)
                self._changed.notify_all()

    def _wait_for_turn(self, key: str) -> None:
        """Wait until the first call in the queue that may run is one of this client."""
        deadline = time.monotonic() + self._timeout
        while next((each for each in self._queue if self._is_free(each)), None) != key:
            if not self._changed.wait(deadline - time.monotonic()):
                if self._running[key] >= self._per_key:
                    raise RateLimited(retry_after=1)
                raise Unavailable

    def _is_free(self, key: str) -> bool:
        return self._running.total() < self._total and self._running[key] < self._per_key

    def _leave(self, key: str) -> None:
        with self._changed:
            self._running[key] -= 1
            if self._running[key] <= 0:
                del self._running[key]
            self._changed.notify_all()
