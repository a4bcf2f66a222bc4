"""PostgreSQL and Valkey of the tests' own, and an environment that names them.

`DATABASE_URL` and `REDIS_URL`, where set, are used instead. Nothing stays: the engines die with
this process, however it dies, and a small shell outlives it just long enough to remove the folder.
"""

import atexit
import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from moderado.standalone.engines import engines
from moderado.standalone.home import Home

# Waits for the end of its input, which comes when the last holder of the pipe is gone.
REAPER = 'cat > /dev/null; for i in 1 2 3 4 5 6 7 8 9; do rm -rf "$1" && exit; sleep 0.3; done'

_stack = ExitStack()


def start() -> None:
    """Give this process its engines and environment. Processes of pytest-xdist inherit both, and
    take a Redis database each (pytest-django makes a PostgreSQL database each)."""
    xdist_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if xdist_worker:
        number = int(xdist_worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = (
            urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()
        )
        return
    folder = Path(tempfile.mkdtemp(prefix="moderado-tests-"))
    folder.chmod(0o711)  # root's PostgreSQL may have to run as somebody else
    _remove_when_we_are_gone(folder)
    static = folder / "static"
    static.mkdir()
    running = _stack.enter_context(engines(Home(folder / "home"), durable=False))
    atexit.register(stop)
    os.environ |= {
        "DATABASE_URL": running.database_url,
        "REDIS_URL": running.redis_url,
        "STATIC_ROOT": str(static),
        "SECRET_KEY": os.environ.get("SECRET_KEY", "tests-tests-tests-tests-tests-tests"),
        "SECURE_COOKIES": "0",
        "ALLOW_VOLATILE_DATABASE": "1",  # the engines forget on purpose
        "DJANGO_SETTINGS_MODULE": "moderado.config.settings.test",
    }


def stop() -> None:
    """Stop what `start` started. Harmless when repeated."""
    _stack.close()


def _remove_when_we_are_gone(folder: Path) -> None:
    reaper = subprocess.Popen(
        ["/bin/sh", "-c", REAPER, "reaper", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )

    def let_go() -> None:
        reaper.communicate()

    _stack.callback(let_go)
