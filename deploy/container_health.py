"""Health check of a container: exit with 0 if its process works.

web             GET /readyz answers 200
worker, beat    the heartbeat file (moderado.config.heartbeat) is younger than 30 s
"""

import http.client
import sys
import tempfile
import time
from pathlib import Path

HEARTBEAT_FILE = Path(tempfile.gettempdir(), "moderado-pulse")
MAX_AGE = 30.0  # seconds


def web() -> str:
    """Return what is wrong with the web process; empty if it is healthy."""
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    connection.request("GET", "/readyz")
    status = connection.getresponse().status
    return "" if status == http.client.OK else f"/readyz answers {status}"


def heartbeat() -> str:
    """Return what is wrong with the worker or beat; empty if it is healthy."""
    age = time.time() - HEARTBEAT_FILE.stat().st_mtime
    return "" if age < MAX_AGE else f"the heartbeat is {age:.0f} s old"


CHECKS = {"web": web, "worker": heartbeat, "beat": heartbeat}

if __name__ == "__main__":
    try:
        problem = CHECKS[sys.argv[1]]()
    except OSError as error:
        problem = str(error)
    if problem:
        sys.exit(problem)
