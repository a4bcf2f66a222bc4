"""Celery applications with a heartbeat file, which worker and beat touch while they work.

Container health checks look at the age of that file:
`celery --app=moderado.config.heartbeat.worker worker`. Celery's `inspect ping` would need remote
control, which is disabled, and answers even when nothing is consumed any more.
"""

import tempfile
from pathlib import Path

PULSE = Path(tempfile.gettempdir(), "moderado-pulse")


def touch(**_: object) -> None:
    """Touch the file, whichever signal calls this."""
    PULSE.touch()
