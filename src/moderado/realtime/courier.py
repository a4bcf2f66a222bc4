"""One thread with one event loop a process, that carries parcels for whoever must not wait.

Started by the first parcel, and again in a forked child: neither threads nor connections survive
a fork.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from moderado.core import metrics

T = TypeVar("T")

log = structlog.get_logger(__name__)

CAPACITY = 10_000  # parcels that may wait
LARGEST = 500  # parcels carried at once
PATIENCE = 2.0  # seconds a delivery may take
PAUSE = 0.5  # seconds after one that failed


class Courier(Generic[T]):
    """Carries parcels to `deliver`, all that wait at once, and drops what it cannot carry."""

    def __init__(self, deliver: Callable[[Sequence[T]], Awaitable[None]], *, name: str) -> None:
        self._deliver = deliver
        self._name = name
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[T] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def take(self, *parcels: T) -> None:
        """Accept parcels for delivery. Never waits and never raises."""
        if not parcels:
            return
        with self._lock:
            fitting = parcels[: max(0, CAPACITY - len(self._waiting))]
            if len(fitting) < len(parcels):
                metrics.DROPPED.labels(what="hint").inc(len(parcels) - len(fitting))
            self._waiting.extend(fitting)
            loop, wake = self._loop, self._wake
            if loop is None:
                self._start()
                return
        if wake is not None and not wake.is_set():
            loop.call_soon_threadsafe(wake.set)

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._wake.set()
        threading.Thread(
            target=self._loop.run_until_complete,
            args=(self._carry(self._wake),),
            name=self._name,
            daemon=True,
        ).start()

    async def _carry(self, wake: asyncio.Event) -> None:
        while True:
            await wake.wait()
            wake.clear()
            while self._waiting:
                carried = min(LARGEST, len(self._waiting))
                await self._try([self._waiting.popleft() for _ in range(carried)])

    async def _try(self, parcels: Sequence[T]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._deliver(parcels)
        except Exception as error:  # noqa: BLE001  (a hint may be lost, the courier may not)
            metrics.DROPPED.labels(what="hint").inc(len(parcels))
            log.warning("hint_dropped", error=type(error).__name__, waiting=len(self._waiting))
            await asyncio.sleep(PAUSE)
