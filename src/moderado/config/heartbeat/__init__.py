"""The Celery applications with a pulse: a file that worker and beat touch while they do their work.

For containers, whose health check looks at the age of that file:
`celery --app=moderado.config.heartbeat.worker worker`. Celery's own `inspect ping` would need
remote control, which stays switched off, and answers even when nothing is consumed any more.
"""

import tempfile
from pathlib import Path

PULSE = Path(tempfile.gettempdir(), "moderado-pulse")


def touch(**_: object) -> None:
    """A sign of life, by whatever signal it is connected to."""
    PULSE.touch()
