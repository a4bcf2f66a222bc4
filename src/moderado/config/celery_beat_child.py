"""Beat as a child of the worker, for one machine with one worker: `celery worker --with-beat`.

Forked from the worker, it shares the worker's pages: 15 MB of its own instead of 60 (ADR 0097).
With several workers beat is a process of its own (`moderado.config.beat`).
"""

import time
from typing import Any

import structlog
from celery import bootsteps
from celery.beat import EmbeddedService

DELAYS = (1, 2, 4, 8, 15, 30)  # seconds before each further restart; the last one repeats
STABLE = 60  # seconds; after an uptime of this length the delays begin again
_POLL = 0.5  # seconds between two checks of the child
_SECONDS_TO_STOP = 2

log = structlog.get_logger(__name__)


class BeatChild(bootsteps.StartStopStep):
    """Keeps one beat running while the worker is connected to the broker.

    Celery's own `--beat` starts one, too, but does not notice its end.
    """

    requires = ("celery.worker.consumer.connection:Connection",)

    def __init__(self, consumer: Any, *, with_beat: bool = False, **options: Any) -> None:
        self.enabled = with_beat
        self._app = consumer.app
        self._process: Any = None
        self._timer: Any = None
        self._began = self._due = 0.0
        self._failures = 0
        super().__init__(consumer, **options)

    def start(self, parent: Any) -> None:
        """Start beat, and check regularly whether it still runs."""
        self._start()
        self._timer = parent.timer.call_repeatedly(_POLL, self.check)

    def stop(self, parent: Any) -> None:
        """Stop beat. Also called when the broker is lost: `start` follows once it is back."""
        if self._timer is not None:
            self._timer.cancel()
        if self._process is not None:
            self._process.stop()
            self._process.join(_SECONDS_TO_STOP)
        self._process = self._timer = None

    terminate = stop

    def check(self) -> None:
        """Report a beat that ended, and start another one after a growing delay."""
        if self._process is not None and not self._process.is_alive():
            self._report()
            self._process = None
        if self._process is None and time.monotonic() >= self._due:
            self._start()

    def _start(self) -> None:
        self._began = time.monotonic()
        self._process = EmbeddedService(self._app, scheduler_cls=self._app.conf.beat_scheduler)
        self._process.start()

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._began >= STABLE:
            self._failures = 0
        delay = DELAYS[min(self._failures, len(DELAYS) - 1)]
        self._failures += 1
        self._due = now + delay
        log.warning("beat_ended", exit_code=self._process.exitcode, restart_in=delay)
