"""Database calls of the event loop: the only way from a coroutine to PostgreSQL.

asgiref's `sync_to_async` runs all queries of a process on one thread. Here they run on a pool of
threads, fewer than the connection pool holds. A call that finds no free thread within 2 s fails
with `Unavailable`. A thread keeps its connection between calls: taking one from the pool and
returning it is a tenth of a short call (ADR 0025).
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from django.db import Error, connection, connections

from moderado.core.database import is_outage
from moderado.core.errors import Unavailable
from moderado.core.pool import is_alive
from moderado.realtime.infra.thread_pool import ThreadPool

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """All times are seconds."""

    queue_timeout: float = 2.0  # that a call waits for a free thread
    queued_per_thread: int = 40  # calls that may wait; further ones fail at once
    # A network that drops packets is noticed by TCP after 10 s or more (ADR 0026). The outcome of
    # the call is unknown then; a client repeats it safely with its `client_id`.
    call_timeout: float = 4.0
    connection_max_age: float = 60.0  # then it returns to the pool, which replaces old ones
    idle_timeout: float = 1.0  # without a call: then the thread returns its connection


class CallLimiter:
    """Admits as many calls at once as there are threads. Others wait for a limited time."""

    def __init__(self, width: int, limits: Limits) -> None:
        self._free = asyncio.Semaphore(width)
        self._queued = 0
        self._max_queued = width * limits.queued_per_thread
        self._timeout = limits.queue_timeout

    async def acquire(self) -> None:
        """Wait for a free thread.

        Raises:
            Unavailable: too many calls wait, or none ended in time.
        """
        if not self._free.locked():
            await self._free.acquire()  # does not suspend
            return
        if self._queued >= self._max_queued:
            raise Unavailable
        self._queued += 1
        try:
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable from None
        finally:
            self._queued -= 1

    def release(self, result: "asyncio.Future[Any]") -> None:
        """Free the thread of a call that ended. Its caller may not wait for `result` any more."""
        self._free.release()
        if not result.cancelled():
            result.exception()  # marks it as retrieved


class DbCalls:
    """The threads of this process that run database calls, and the limit for each event loop."""

    def __init__(self, *, width: int | None = None, limits: Limits | None = None) -> None:
        """Create them without a thread.

        Args:
            width: Calls at once. None: two thirds of the connection pool, at least 1; the rest is
                for REST, the page and the admin.
            limits: None: the defaults.
        """
        self._width = width
        self._limits = limits or Limits()
        self._pool = ThreadPool(
            name="db-call",
            idle_timeout=self._limits.idle_timeout,
            on_idle=connections.close_all,  # back to psycopg's pool
        )
        self._limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, CallLimiter] = (
            WeakKeyDictionary()
        )

    def wrap(self, function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
        """See `run_in_db_thread`."""
        call_timeout = self._limits.call_timeout
        max_age = self._limits.connection_max_age

        @wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            def work() -> R:
                return _run(max_age, function, *args, **kwargs)

            limiter = self._limiter()
            await limiter.acquire()
            result = self._pool.submit(partial(copy_context().run, work))
            # A thread that hangs keeps its place: there are never more threads than connections.
            result.add_done_callback(limiter.release)
            done, _ = await asyncio.wait({result}, timeout=call_timeout)
            if not done:
                log.warning("database_unanswered", call=function.__name__)
                raise Unavailable
            return result.result()

        return call

    def _limiter(self) -> CallLimiter:
        loop = asyncio.get_running_loop()
        if loop not in self._limiters:
            self._limiters[loop] = CallLimiter(self._width or default_width(), self._limits)
        return self._limiters[loop]


def default_width() -> int:
    """Return how many database calls may run at once."""
    return max(1, int(settings.ENV.db_pool_size) * 2 // 3)


def _run(max_age: float, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    keep = False
    try:
        _ensure_connection(max_age)
        result = function(*args, **kwargs)
    except Error as error:
        if not is_outage(error):
            raise
        log.warning("database_unavailable", error=type(error).__name__)
        raise Unavailable from error
    else:
        keep = time.monotonic() < _thread.connection_expires
        return result
    finally:
        if not keep:
            connections.close_all()  # back to psycopg's pool


class _Thread(threading.local):
    connection_expires = 0.0  # by the monotonic clock


_thread = _Thread()


def _ensure_connection(max_age: float) -> None:
    """Keep the thread's connection if it is still usable; otherwise the next query takes one."""
    if connection.connection is not None and is_alive(connection.connection):
        return
    connections.close_all()  # the server ended it, or there is none
    _thread.connection_expires = time.monotonic() + max_age


_calls = DbCalls(limits=Limits(**getattr(settings, "DB_CALL_LIMITS", {})))


def run_in_db_thread(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Make a service or selector callable from a coroutine.

    Returns:
        A coroutine function with the same signature. It runs in the caller's context, and what it
        began completes even if the caller is cancelled. It raises what `function` raises, and
        Unavailable when the database cannot be reached, does not answer within 4 s, or is busy.
    """
    return _calls.wrap(function)
