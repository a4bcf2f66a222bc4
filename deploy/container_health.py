"""Is the process of this container doing its work? Exit 0 if so. Asked by the health checks.

web      GET /readyz on this container answers 200
worker   its main loop has beaten within the last 30 s (moderado.config.heartbeat)
beat     no periodic task is overdue by more than a minute in redbeat's schedule
"""

import http.client
import os
import sys
import tempfile
import time
from pathlib import Path

HEARTBEAT = Path(tempfile.gettempdir(), "moderado-worker-heartbeat")


def web() -> str:
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip() or "localhost"
    connection.request("GET", "/readyz", headers={"Host": host, "X-Forwarded-Proto": "https"})
    status = connection.getresponse().status
    return "" if status == http.client.OK else f"/readyz answers {status}"


def worker() -> str:
    age = time.time() - HEARTBEAT.stat().st_mtime
    return "" if age < 30 else f"the last heartbeat is {age:.0f} s old"


def beat() -> str:
    from redis import Redis  # noqa: PLC0415  (the other checks do without it)

    url = os.environ.get("BROKER_URL") or os.environ["REDIS_URL"]
    with Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as redis:
        next_due = redis.zrange("redbeat::schedule", 0, 0, withscores=True)
    if not next_due:
        return "redbeat has no schedule"
    late = time.time() - next_due[0][1]
    return "" if late < 60 else f"a periodic task is {late:.0f} s late"


CHECKS = {"web": web, "worker": worker, "beat": beat}

if __name__ == "__main__":
    try:
        trouble = CHECKS[sys.argv[1]]()
    except Exception as error:  # noqa: BLE001  (whatever is wrong, the answer is: not healthy)
        trouble = f"{type(error).__name__}: {error}"
    if trouble:
        sys.exit(trouble)
