"""A doorbell: tells other processes that work waits, without anybody waiting for the telling.

However often it is pressed, one ring is outstanding: the ring is a key in Redis that whoever
answers takes away *before* looking for the last time, so that a press after it rings anew. What
cannot be sent is tried again every second; a ring that is lost on its way, or with this process,
costs nothing but time: the sweep finds what waits.
"""

import os
import threading
import time
from collections.abc import Callable

import structlog

from moderado.core import failpoints
from moderado.core.metrics import DROPPED
from moderado.core.redis import client

log = structlog.get_logger(__name__)

_PAUSE = 1.0  # seconds after a ring that could not be sent
_EXPIRY = 5  # seconds until a ring that nobody answered no longer silences the next one


class Doorbell:
    """`send` is called in a thread of its own, which is started by the first press."""

    def __init__(self, *, name: str, send: Callable[[], None]) -> None:
        self._key = f"doorbell:{name}"
        self._name = name
        self._send = send
        self._pressed = threading.Event()
        self._lock = threading.Lock()
        self._owner = 0

    def press(self) -> None:
        """Ask for a ring. Returns at once and never raises."""
        if self._owner != os.getpid():
            self._start()
        self._pressed.set()

    def answer(self) -> None:
        """Called by whoever has come, before it looks for work for the last time."""
        try:
            client().delete(self._key)
        except Exception:  # noqa: BLE001  (whatever Redis says, there may be work: go and look)
            log.warning("doorbell_unreachable", doorbell=self._name)

    def _start(self) -> None:
        # Threads do not survive a fork: every process starts its own.
        with self._lock:
            if self._owner == os.getpid():
                return
            self._pressed = threading.Event()
            threading.Thread(target=self._ring, name=f"doorbell-{self._name}", daemon=True).start()
            self._owner = os.getpid()

    def _ring(self) -> None:
        while True:
            self._pressed.wait()
            self._pressed.clear()
            try:
                self._ring_once()
            except Exception:  # noqa: BLE001  (a broker that is away must not end the thread)
                DROPPED.labels("ring").inc()
                log.warning("ring_lost", doorbell=self._name)
                time.sleep(_PAUSE)
                self._pressed.set()  # Work waits still.

    def _ring_once(self) -> None:
        if not client().set(self._key, 1, nx=True, ex=_EXPIRY):
            return  # Somebody has rung and nobody has come yet: they will find this work too.
        try:
            if failpoints.reach("queue.before_publish"):
                return
            self._send()
        except Exception:
            client().delete(self._key)
            raise
