"""PostgreSQL and Valkey for one test run, and the environment that points Django at them.

The process that runs pytest starts PostgreSQL. Each pytest-xdist worker uses a database of its own
in it, which pytest-django creates, and starts a Valkey of its own: Redis database numbers would not
separate workers, because pub/sub channels are global to a server. `DATABASE_URL` and `REDIS_URL`,
where set, are used instead.

The engines die with the process that started them, however it dies; a small shell outlives that
process just long enough to remove the folder.
"""

import atexit
import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from moderado.standalone.home import Home
from moderado.standalone.postgres import postgres
from moderado.standalone.valkey import valkey

# Waits for the end of its input, which comes when the last holder of the pipe is gone.
REAPER = 'cat > /dev/null; for i in 1 2 3 4 5 6 7 8 9; do rm -rf "$1" && exit; sleep 0.3; done'

# Nothing listens on port 1: what connects all the same fails at once.
NO_DATABASE = "postgres://none@127.0.0.1:1/none"
NO_REDIS = "redis://127.0.0.1:1/0"

SETTINGS = "moderado.config.settings.test"

_stack = ExitStack()


def start(*, workers: bool = False) -> None:
    """Start the engines that this process needs and set the environment accordingly.

    Args:
        workers: Whether pytest-xdist workers follow, each of which starts its own Valkey.
    """
    if os.environ.get("PYTEST_XDIST_WORKER"):
        if os.environ["REDIS_URL"] == NO_REDIS:
            os.environ["REDIS_URL"] = _valkey(_folder())
        os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
        return
    folder = _folder()
    if not os.environ.get("DATABASE_URL"):
        server = _stack.enter_context(postgres(Home(folder / "home"), durable=False))
        os.environ["DATABASE_URL"] = server.owner_url  # creates and empties databases
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = NO_REDIS if workers else _valkey(folder)
    _set_environment(folder)


def start_none() -> None:
    """Set an environment in which no engine can be reached."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
        return
    os.environ |= {"DATABASE_URL": NO_DATABASE, "REDIS_URL": NO_REDIS}
    _set_environment(_folder())


def leave_settings_to_workers() -> None:
    """Name no settings to the pytest-xdist workers that this process is about to start:
    pytest-django would read them there before `start` has set `REDIS_URL`."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def serve_databases() -> bool:
    """Tell whether this run has a PostgreSQL."""
    return os.environ["DATABASE_URL"] != NO_DATABASE


def before_stop(work: Callable[[], None]) -> None:
    """Do `work` when the run ends, while the engines still run."""
    _stack.callback(work)


def stop() -> None:
    """Stop what `start` started. Harmless when repeated."""
    _stack.close()


def _set_environment(folder: Path) -> None:
    static = folder / "static"
    static.mkdir()
    os.environ |= {
        "STATIC_ROOT": str(static),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_hex(32),
        "SECURE_COOKIES": "0",
        "ALLOW_VOLATILE_DATABASE": "1",  # the engines forget on purpose
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }


def _valkey(folder: Path) -> str:
    return _stack.enter_context(valkey(Home(folder / "home"), durable=False)).url


def _folder() -> Path:
    """A new folder that is removed once this process has ended."""
    folder = Path(tempfile.mkdtemp(prefix="moderado-tests-"))
    folder.chmod(0o711)  # root's PostgreSQL may have to run under another account
    atexit.register(stop)
    reaper = subprocess.Popen(
        ["/bin/sh", "-c", REAPER, "reaper", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )

    def release() -> None:
        reaper.communicate()

    _stack.callback(release)
    return folder
