"""Background thread that publishes, so that callers never block on Redis.

The thread starts with the first item, and again in a forked child: threads do not survive a fork.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog

from moderado.core import metrics

T = TypeVar("T")

log = structlog.get_logger(__name__)

CAPACITY = 10_000  # items that may wait; further ones are dropped
MAX_BATCH = 500  # items in one delivery
FAILURE_PAUSE = 0.5  # seconds without deliveries after one that failed


class Publisher(Generic[T]):
    """Delivers items in order, all that wait at once. Drops what it cannot deliver."""

    def __init__(
        self,
        deliver: Callable[[Sequence[T]], None],
        *,
        name: str,
        capacity: int = CAPACITY,
        failure_pause: float = FAILURE_PAUSE,
    ) -> None:
        """Create a publisher without its thread.

        Args:
            deliver: Called in the thread. If it raises, its items are dropped.
            name: Of the thread.
        """
        self._deliver = deliver
        self._name = name
        self._capacity = capacity
        self._failure_pause = failure_pause
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[T] = deque()
        self._wake = threading.Event()
        self._is_started = False

    def publish(self, *items: T) -> None:
        """Accept items for delivery. Never blocks and never raises."""
        if not items:
            return
        with self._lock:
            accepted = items[: max(0, self._capacity - len(self._waiting))]
            if len(accepted) < len(items):
                metrics.DROPPED.labels(kind="hint").inc(len(items) - len(accepted))
            self._waiting.extend(accepted)
            if not self._is_started:
                self._is_started = True
                threading.Thread(
                    target=self._run, args=(self._wake,), name=self._name, daemon=True
                ).start()
        self._wake.set()

    def _run(self, wake: threading.Event) -> None:
        while True:
            wake.wait()
            wake.clear()
            while self._waiting:
                size = min(MAX_BATCH, len(self._waiting))
                self._try([self._waiting.popleft() for _ in range(size)])

    def _try(self, items: Sequence[T]) -> None:
        try:
            self._deliver(items)
        except Exception as error:  # noqa: BLE001  (hints may be lost, the thread must go on)
            metrics.DROPPED.labels(kind="hint").inc(len(items))
            with suppress(Exception):  # a log that cannot be written must not end it either
                log.warning("hint_dropped", error=type(error).__name__, waiting=len(self._waiting))
            time.sleep(self._failure_pause)
