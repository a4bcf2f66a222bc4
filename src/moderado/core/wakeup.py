"""A doorbell: tells other processes that work waits, without anybody waiting for the telling.

However often it is pressed, one ring is outstanding: the ring is a key in Redis that whoever
answers takes away *before* looking for the last time, so that a press after it rings anew. A press
meanwhile is a knock for whoever is still at the door. What cannot be sent is tried again every
second; a ring that is lost on its way, or with this process, costs nothing but time: the sweep
finds what waits.
"""

import os
import threading
import time
from collections.abc import Callable

import structlog

from moderado.core import failpoints
from moderado.core.metrics import DROPPED
from moderado.core.redis import RedisError, client

log = structlog.get_logger(__name__)

_PAUSE = 1.0  # seconds after a ring that could not be sent
_EXPIRY = 5  # seconds until a ring that nobody answered no longer silences the next one

# Answers whether to ring; otherwise there is a knock, and never more than one.
_PRESS = """
if redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then return 1 end
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('LPUSH', KEYS[2], 1)
    redis.call('EXPIRE', KEYS[2], ARGV[1])
end
return 0
"""


class Wakeup:
    """`send` is called in a thread of its own, which is started by the first press."""

    def __init__(self, *, name: str, send: Callable[[], None]) -> None:
        self._key = f"wakeup:{name}"
        self._knock = f"wakeup:{name}:knock"
        self._name = name
        self._send = send
        self._pressed = threading.Event()
        self._lock = threading.Lock()
        self._owner = 0
        self._kept_until = 0.0

    def notify(self) -> None:
        """Ask for a ring. Returns at once and never raises."""
        if self._owner != os.getpid():
            self._start()
        self._pressed.set()

    def acknowledge(self) -> None:
        """Called by whoever has come, before it looks for work for the last time."""
        try:
            client().delete(self._key)
        except Exception:  # noqa: BLE001  (whatever Redis says, there may be work: go and look)
            log.warning("wakeup_unreachable", wakeup=self._name)

    def wait(self, seconds: float) -> bool:
        """Wait at the door, having found nothing, without having answered. True: look again.

        False also when Redis cannot be asked.
        """
        try:
            if time.monotonic() > self._kept_until:
                client().expire(self._key, _EXPIRY)
                self._kept_until = time.monotonic() + 1
            return client().blpop([self._knock], timeout=seconds) is not None
        except RedisError:
            return False

    def _start(self) -> None:
        # Threads do not survive a fork: every process starts its own.
        with self._lock:
            if self._owner == os.getpid():
                return
            self._pressed = threading.Event()
            threading.Thread(target=self._ring, name=f"wakeup-{self._name}", daemon=True).start()
            self._owner = os.getpid()

    def _ring(self) -> None:
        while True:
            self._pressed.wait()
            self._pressed.clear()
            try:
                self._ring_once()
            except Exception:  # noqa: BLE001  (a broker that is away must not end the thread)
                DROPPED.labels("ring").inc()
                log.warning("wakeup_lost", wakeup=self._name)
                time.sleep(_PAUSE)
                self._pressed.set()  # Work waits still.

    def _ring_once(self) -> None:
        if not client().eval(_PRESS, 2, self._key, self._knock, _EXPIRY):
            return  # Somebody has rung, and whoever comes or is there will find this work too.
        try:
            if failpoints.reach("queue.before_publish"):
                return
            self._send()
        except Exception:
            client().delete(self._key)
            raise
