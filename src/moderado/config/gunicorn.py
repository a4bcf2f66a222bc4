"""How gunicorn serves: `gunicorn -c python:moderado.config.gunicorn moderado.config.asgi`.

Every name below that gunicorn knows is one of its settings.
"""

import asyncio
import gc
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from prometheus_client import multiprocess
from uvicorn_worker import UvicornWorker

from moderado.config.env import Misconfigured, env
from moderado.core.logging import configure
from moderado.core.processes import die_with_parent
from moderado.core.wire_limits import MAX_FRAME_BYTES

GRACE = 8  # seconds for what is in flight, and for sockets to be closed with 1012
COLLECTION = (20_000, 50, 100)  # as `gc.set_threshold` takes them
# Seconds. A thread that comes back from the database must wait for the event loop to give way:
# Python's 5 ms are as long as all that it has to do, several times for each commit.
THREADS_TURN = 0.0005

_env = env()


class ChatWorker(UvicornWorker):
    """uvicorn as the contract needs it: it alone closes sockets with 1012 when it goes away."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "uvloop",
        "http": "httptools",
        "lifespan": "off",
        "ws": "moderado.realtime.transport.uvicorn_protocol:ChatProtocol",
        "ws_max_size": MAX_FRAME_BYTES,
        "ws_per_message_deflate": False,  # compression takes 34 KiB more for each socket
        "ws_ping_interval": 20,
        "ws_ping_timeout": 20,
        "timeout_graceful_shutdown": GRACE,
        "access_log": False,  # our own line a request says more, and less
        "server_header": False,
        "forwarded_allow_ips": list(_env.trusted_proxies),
    }

    def _install_sigquit_handler(self) -> None:
        """gunicorn's quick stop, on Ctrl-C and when development reloads, is SIGQUIT to its workers.

        uvicorn never looks at what the inherited handler sets and would be killed after the whole
        grace: so it becomes the signal that uvicorn knows.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGQUIT, os.kill, os.getpid(), signal.SIGTERM)


worker_class = "moderado.config.gunicorn.ChatWorker"
bind = _env.bind
workers = _env.web_workers
timeout = 60  # a worker whose loop stands still as long is replaced
graceful_timeout = GRACE + 4
keepalive = 75  # longer than a proxy keeps its connections
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (never a disk)
logconfig_dict = configure(log_format=_env.log_format, level=_env.log_level)


def post_fork(server: Arbiter, worker: Worker) -> None:
    """No worker outlives its master, not even one that was killed; each may open many sockets."""
    die_with_parent(parent=worker.ppid)
    _allow_files(65_536)


def _allow_files(wanted: int) -> None:
    """Raise this process's own limit of open files, which is often 1,024, as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def post_worker_init(worker: Worker) -> None:
    """Nothing is served that would break a promise; what is wrong is said once, not for ever."""
    from moderado.config.startup import verify  # noqa: PLC0415  (Django is set up by now)

    sys.setswitchinterval(THREADS_TURN)
    # What is loaded stays for good, and what a socket needs while it is open: to look through all
    # of it each time another 700 objects were made costs a tenth of opening a socket.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION)

    try:
        verify()
    except Misconfigured as mistakes:
        sys.stderr.write(f"{mistakes}\n")
        sys.exit(Arbiter.WORKER_BOOT_ERROR)


def child_exit(server: Arbiter, worker: Worker) -> None:
    """What a dead worker counted stays counted; what it measured does not."""
    if _env.prometheus_multiproc_dir is not None:
        multiprocess.mark_process_dead(worker.pid, path=str(_env.prometheus_multiproc_dir))  # type: ignore[no-untyped-call]  # (untyped library)
