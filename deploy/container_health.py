"""Is the process of this container doing its work? Exit 0 if so. Asked by the health checks.

web             GET /readyz answers 200
worker, beat    their pulse (moderado.config.heartbeat) is younger than half a minute
"""

import http.client
import sys
import tempfile
import time
from pathlib import Path

PULSE = Path(tempfile.gettempdir(), "moderado-pulse")
OLDEST = 30.0  # seconds


def web() -> str:
    """What is wrong with the web process of this container, or nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    connection.request("GET", "/readyz")
    status = connection.getresponse().status
    return "" if status == http.client.OK else f"/readyz answers {status}"


def pulse() -> str:
    """What is wrong with the worker or beat of this container, or nothing."""
    age = time.time() - PULSE.stat().st_mtime
    return "" if age < OLDEST else f"the last sign of life is {age:.0f} s old"


CHECKS = {"web": web, "worker": pulse, "beat": pulse}

if __name__ == "__main__":
    try:
        trouble = CHECKS[sys.argv[1]]()
    except OSError as error:
        trouble = str(error)
    if trouble:
        sys.exit(trouble)
