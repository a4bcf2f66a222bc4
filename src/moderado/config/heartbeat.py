"""A file that the Celery worker's main loop touches, so that a health check can see it move.

Loaded where there is such a check: `celery … worker --include moderado.config.heartbeat`.
Celery's own `inspect ping` needs remote control, which stays switched off.
"""

import tempfile
from pathlib import Path

from celery.signals import heartbeat_sent, worker_ready

HEARTBEAT = Path(tempfile.gettempdir(), "moderado-worker-heartbeat")


@heartbeat_sent.connect
@worker_ready.connect
def touch(**_: object) -> None:
    """Sent every two seconds while the worker's loop runs and its broker takes what it sends."""
    HEARTBEAT.touch()
