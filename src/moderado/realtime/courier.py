"""One thread with one event loop a process, that carries parcels for whoever must not wait.

Started by the first parcel, and again in a forked child: neither threads nor connections survive
a fork.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from moderado.core import metrics

T = TypeVar("T")

log = structlog.get_logger(__name__)

CAPACITY = 10_000  # parcels that may wait
PATIENCE = 2.0  # seconds a delivery may take
PAUSE = 0.5  # seconds after one that failed


class Courier(Generic[T]):
    """Carries each parcel to `deliver`, one after the other, and drops what it cannot carry."""

    def __init__(self, deliver: Callable[[T], Awaitable[None]], *, name: str) -> None:
        self._deliver = deliver
        self._name = name
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[T] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def take(self, parcel: T) -> None:
        """Accept a parcel for delivery. Never waits and never raises."""
        with self._lock:
            if len(self._waiting) >= CAPACITY:
                metrics.DROPPED.labels(what="hint").inc()
                return
            self._waiting.append(parcel)
            loop, wake = self._loop, self._wake
            if loop is None:
                self._start()
                return
        if wake is not None:
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
                await self._try(self._waiting.popleft())

    async def _try(self, parcel: T) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._deliver(parcel)
        except Exception as error:  # noqa: BLE001  (a hint may be lost, the courier may not)
            metrics.DROPPED.labels(what="hint").inc()
            log.warning("hint_dropped", error=type(error).__name__, waiting=len(self._waiting))
            await asyncio.sleep(PAUSE)
