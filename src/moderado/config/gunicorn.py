"""gunicorn's settings: `gunicorn -c python:moderado.config.gunicorn moderado.config.asgi`.

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
from moderado.core.processes import die_with_parent, use_one_arena
from moderado.core.wire_limits import MAX_FRAME_BYTES

GRACE = 8  # seconds for work in flight, and for closing sockets with 1012
COLLECTION = (2_000, 500, 100)
# Seconds. A thread that returns from the database waits until the event loop releases the lock;
# Python's default of 5 ms is as long as all its work, several times for each commit.
THREADS_TURN = 0.0005

_env = env()


class ChatWorker(UvicornWorker):
    """uvicorn with the options that the protocol needs. It closes sockets with 1012 on shutdown."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "uvloop",
        "http": "moderado.realtime.transport.http_protocol:HttpProtocol",
        "lifespan": "off",
        "ws": "moderado.realtime.transport.uvicorn_protocol:ChatProtocol",
        "ws_max_size": MAX_FRAME_BYTES,
        "ws_per_message_deflate": False,  # compression takes 34 KiB more for each socket
        "ws_ping_interval": 20,
        "ws_ping_timeout": 20,
        "timeout_graceful_shutdown": GRACE,
        "access_log": False,  # the product logs each request itself
        "server_header": False,
        "forwarded_allow_ips": list(_env.trusted_proxies),
    }

    def _install_sigquit_handler(self) -> None:
        """Turn SIGQUIT into the signal that uvicorn handles.

        gunicorn's quick stop (Ctrl-C, reload) sends SIGQUIT to its workers. uvicorn ignores
        what the inherited handler sets and would be killed after the grace period.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGQUIT, os.kill, os.getpid(), signal.SIGTERM)


worker_class = "moderado.config.gunicorn.ChatWorker"
bind = _env.bind
workers = _env.web_workers
timeout = 60  # a worker whose event loop is blocked that long is replaced
graceful_timeout = GRACE + 4
keepalive = 75  # longer than a proxy keeps idle connections
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (never a disk)
logconfig_dict = configure(log_format=_env.log_format, level=_env.log_level)


def post_fork(server: Arbiter, worker: Worker) -> None:
    """End every worker with its master, even if that was killed; set its limits."""
    die_with_parent(parent=worker.ppid)
    use_one_arena()
    _allow_files(65_536)


def _allow_files(wanted: int) -> None:
    """Raise this process's limit of open files, often 1,024, to the maximum allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def post_worker_init(worker: Worker) -> None:
    """Run the system checks in each worker. If they fail, the master stops with one message."""
    from moderado.config.startup import verify  # noqa: PLC0415  (Django is set up by now)

    sys.setswitchinterval(THREADS_TURN)
    # Loaded objects live for ever, and those of a socket while it is open: scanning all of them
    # again and again, as by Python's defaults, costs a tenth of opening a socket.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION)

    try:
        verify()
    except Misconfigured as mistakes:
        sys.stderr.write(f"{mistakes}\n")
        sys.exit(Arbiter.WORKER_BOOT_ERROR)


def child_exit(server: Arbiter, worker: Worker) -> None:
    """Keep the counters of a dead worker, and drop its gauges."""
    if _env.prometheus_multiproc_dir is not None:
        multiprocess.mark_process_dead(worker.pid, path=str(_env.prometheus_multiproc_dir))  # type: ignore[no-untyped-call]  # (untyped library)
