"""The Celery application with a pulse: a file that worker and beat touch while they do their work.

For containers, whose health check looks at the age of that file:
`celery --app=moderado.config.heartbeat worker`. Celery's own `inspect ping` would need remote
control, which stays switched off, and answers even when nothing is consumed any more.
"""

import tempfile
from pathlib import Path

from celery.signals import after_task_publish, beat_init, heartbeat_sent, worker_ready

from moderado.config.celery import app

__all__ = ["app"]

PULSE = Path(tempfile.gettempdir(), "moderado-pulse")


@heartbeat_sent.connect
@worker_ready.connect
def touch(**_: object) -> None:
    """The worker's main loop turns: sent every two seconds, from between two tasks."""
    PULSE.touch()


@beat_init.connect
def follow_the_schedule(**_: object) -> None:
    """In beat the pulse is a task that the broker took: the sweep is due every few seconds."""
    after_task_publish.connect(touch, weak=False)
