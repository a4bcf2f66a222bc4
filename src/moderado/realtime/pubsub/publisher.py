"""One thread a process, that carries items for whoever must not wait.

Started by the first parcel, and again in a forked child: threads do not survive a fork.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from moderado.core import metrics

T = TypeVar("T")

log = structlog.get_logger(__name__)

CAPACITY = 10_000  # items that may wait
LARGEST = 500  # items carried at once
PAUSE = 0.5  # seconds after a delivery that failed


class Publisher(Generic[T]):
    """Carries items to `deliver`, all that wait at once, and drops what it cannot carry."""

    def __init__(self, deliver: Callable[[Sequence[T]], None], *, name: str) -> None:
        self._deliver = deliver
        self._name = name
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[T] = deque()
        self._wake = threading.Event()
        self._is_started = False

    def take(self, *items: T) -> None:
        """Accept items for delivery. Never waits and never raises."""
        if not items:
            return
        with self._lock:
            fitting = items[: max(0, CAPACITY - len(self._waiting))]
            if len(fitting) < len(items):
                metrics.DROPPED.labels(what="hint").inc(len(items) - len(fitting))
            self._waiting.extend(fitting)
            if not self._is_started:
                self._is_started = True
                threading.Thread(
                    target=self._carry, args=(self._wake,), name=self._name, daemon=True
                ).start()
        self._wake.set()

    def _carry(self, wake: threading.Event) -> None:
        while True:
            wake.wait()
            wake.clear()
            while self._waiting:
                carried = min(LARGEST, len(self._waiting))
                self._try([self._waiting.popleft() for _ in range(carried)])

    def _try(self, items: Sequence[T]) -> None:
        try:
            self._deliver(items)
        except Exception as error:  # noqa: BLE001  (a hint may be lost, the courier may not)
            metrics.DROPPED.labels(what="hint").inc(len(items))
            log.warning("hint_dropped", error=type(error).__name__, waiting=len(self._waiting))
            time.sleep(PAUSE)
