"""Thread pool for blocking work: last in, first out, and no larger than the most work at once.

The thread that worked last works next: its connection, and the server process behind it, are still
in the CPU's caches. `concurrent.futures` and anyio's pool were measured instead (ADR 0025, 0031).
Threads stay: what libraries keep for a thread is in reference cycles, and an ended thread would
leave it to the garbage collector (ADR 0154).
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

import structlog

log = structlog.get_logger(__name__)

R = TypeVar("R")


class _Task(NamedTuple):
    work: Callable[[], Any]
    result: "asyncio.Future[Any]"


_Inbox = SimpleQueue[_Task]


class ThreadPool:
    """Starts a thread whenever all are busy. The caller limits how much runs at once."""

    def __init__(self, *, name: str, idle_timeout: float, on_idle: Callable[[], None]) -> None:
        """Create a pool without threads.

        Args:
            name: Of each thread.
            idle_timeout: Seconds without work after which a thread calls `on_idle`, once.
            on_idle: Gives back what the thread holds for its next work.
        """
        self._name = name
        self._idle_timeout = idle_timeout
        self._on_idle = on_idle
        self._idle: list[_Inbox] = []
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], R]) -> "asyncio.Future[R]":
        """Run `work` in a thread.

        Returns:
            A future of the running loop. Cancelling it does not stop `work`.
        """
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
            if inbox is not None:
                inbox.put(_Task(work, result))
                return result
        self._start_thread(_Task(work, result))
        return result

    def _start_thread(self, first: _Task) -> None:
        inbox: _Inbox = SimpleQueue()
        inbox.put(first)
        # A daemon: a thread that hangs in a dead network does not keep the process from ending.
        threading.Thread(target=self._run, args=(inbox,), name=self._name, daemon=True).start()

    def _run(self, inbox: _Inbox) -> None:
        while True:
            task = self._next(inbox)
            value, error = None, None
            try:
                value = task.work()
            except BaseException as raised:  # noqa: BLE001  (the caller's to handle)
                error = raised
            with self._lock:
                self._idle.append(inbox)
            with suppress(RuntimeError):  # the loop is closed
                task.result.get_loop().call_soon_threadsafe(_resolve, task.result, value, error)
            del task, value, error  # an idle thread keeps nothing alive

    def _next(self, inbox: _Inbox) -> _Task:
        with suppress(Empty):
            return inbox.get(timeout=self._idle_timeout)
        try:
            self._on_idle()
        except Exception:
            log.exception("idle_thread_failed")  # its next work finds out
        return inbox.get()


def _resolve(result: "asyncio.Future[Any]", value: object, error: BaseException | None) -> None:
    if result.done():
        return  # cancelled
    if error is None:
        result.set_result(value)
    else:
        result.set_exception(error)
