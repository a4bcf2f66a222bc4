"""Coalescing wake-up. Enqueues at most one Celery task while work is pending; never blocks.

A key in Redis says that a task is outstanding. The worker deletes it *before* its last look for
work, so that a later notification enqueues a new task. While the key exists, a notification goes
to a list on which an idle worker waits. A failed notification is repeated every second. One lost
with its process costs time only: the sweep finds the work.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from moderado.core import failpoints
from moderado.core.metrics import DROPPED
from moderado.core.redis import RedisError, client

log = structlog.get_logger(__name__)

RETRY_DELAY = 1.0  # seconds after a failed notification
_EXPIRY = 5  # seconds until an unacknowledged task no longer suppresses the next one

# Returns 1 if a task must be enqueued. Otherwise adds at most one signal to the list.
_NOTIFY = """
if redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then return 1 end
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('LPUSH', KEYS[2], 1)
    redis.call('EXPIRE', KEYS[2], ARGV[1])
end
return 0
"""


class Wakeup:
    """Runs `send` in a background thread, which the first notification starts.

    Args:
        name: Names the keys in Redis: equal names are one wake-up, in all processes.
        send: Enqueues the task. May block and raise.
        retry_delay: Seconds after a failed notification.
    """

    def __init__(
        self, *, name: str, send: Callable[[], None], retry_delay: float = RETRY_DELAY
    ) -> None:
        self._key = f"wakeup:{name}"
        self._signals = f"wakeup:{name}:signals"
        self._name = name
        self._send = send
        self._retry_delay = retry_delay
        self._requested = threading.Event()
        self._lock = threading.Lock()
        self._process_id = 0
        self._extended_until = 0.0

    def notify(self) -> None:
        """Request a task. Returns at once and never raises."""
        if self._process_id != os.getpid():
            self._start()
        self._requested.set()

    def acknowledge(self) -> None:
        """Allow the next task. A worker calls this before it checks for work the last time."""
        try:
            client().delete(self._key)
        except Exception:  # noqa: BLE001  (there may be work even if Redis fails)
            log.warning("wakeup_unreachable", wakeup=self._name)

    def wait(self, seconds: float) -> bool:
        """Wait for a notification instead of acknowledging. True: look for work again.

        Returns False after `seconds`, and when Redis is unreachable.
        """
        try:
            if time.monotonic() > self._extended_until:
                client().expire(self._key, _EXPIRY)
                self._extended_until = time.monotonic() + 1
            return client().blpop([self._signals], timeout=seconds) is not None
        except RedisError:
            return False

    def _start(self) -> None:
        # Threads do not survive a fork: every process starts its own.
        with self._lock:
            if self._process_id == os.getpid():
                return
            self._requested = threading.Event()
            threading.Thread(target=self._run, name=f"wakeup-{self._name}", daemon=True).start()
            self._process_id = os.getpid()

    def _run(self) -> None:
        while True:
            self._requested.wait()
            self._requested.clear()
            try:
                self._send_once()
            except Exception:  # noqa: BLE001  (an unreachable broker must not end the thread)
                DROPPED.labels("wakeup").inc()
                with suppress(Exception):  # nor may a log that cannot be written
                    log.warning("wakeup_lost", wakeup=self._name)
                time.sleep(self._retry_delay)
                self._requested.set()  # the work is still pending

    def _send_once(self) -> None:
        if not client().eval(_NOTIFY, 2, self._key, self._signals, _EXPIRY):
            return  # a task is outstanding, and its worker will find this work too
        try:
            if failpoints.reach("queue.before_publish"):
                return
            self._send()
        except Exception:
            client().delete(self._key)
            raise
