"""The one crossing from the event loop to the database: typed, bounded, and never silent.

Django's own crossing runs every query of a process on one thread. Here they run on threads of
their own, no more of them than the connection pool can serve; who finds them all busy is refused
in a moment (`Unavailable`: nothing was stored, try again) instead of waiting for ever. Each keeps
its connection for a while: taking one from the pool and giving it back is a tenth of a short call.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from django.db import Error, connection, connections

from moderado.core.database import is_outage
from moderado.core.errors import Unavailable
from moderado.core.pool import is_at_rest
from moderado.realtime.infra.thread_pool import Threads

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)

PATIENCE = 2.0  # seconds a call waits for a free thread
WAITING = 40  # calls that may wait, for each thread
# Seconds for an answer. A network that swallows all is noticed by nobody else for 10 s and more;
# what the call did is unknown then, and repeating it is safe by its client_id.
ANSWER = 4.0
KEPT = 60.0  # seconds a busy thread keeps a connection; then the pool sees to its age
IDLE = 1.0  # seconds without work; then a thread gives it back to whoever needs one, and ends

_gates: "WeakKeyDictionary[asyncio.AbstractEventLoop, Gate]" = WeakKeyDictionary()


def run_in_db_thread(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`function`, a service or selector, as a coroutine function with the same signature.

    Raises Unavailable when the database cannot be reached or is too busy.
    """

    @wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        def work() -> R:
            return _run(function, *args, **kwargs)

        gate = _gate()
        await gate.enter()
        answer = _threads.carry_out(partial(copy_context().run, work))
        # A thread that hangs keeps its place: there are no more of them than connections.
        answer.add_done_callback(gate.leave)
        done, _ = await asyncio.wait({answer}, timeout=ANSWER)
        if not done:
            log.warning("database_unanswered", call=function.__name__)
            raise Unavailable
        return answer.result()

    return call


class Gate:
    """As many callers at once as there are threads; some may wait a little, the rest may not."""

    def __init__(self, width: int) -> None:
        self._free = asyncio.Semaphore(width)
        self._waiting = 0
        self._longest_queue = width * WAITING

    async def enter(self) -> None:
        """Take a place. Raises Unavailable when none is free within 2 s."""
        if not self._free.locked():
            await self._free.acquire()  # does not suspend
            return
        if self._waiting >= self._longest_queue:
            raise Unavailable
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable from None
        finally:
            self._waiting -= 1

    def leave(self, answer: "asyncio.Future[Any]") -> None:
        """Give the place back: whoever called may have gone, and nobody asks what came of it."""
        self._free.release()
        if not answer.cancelled():
            answer.exception()


def _run(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    is_kept = False
    try:
        _take_connection()
        result = function(*args, **kwargs)
    except Error as error:
        if not is_outage(error):
            raise
        log.warning("database_unavailable", error=type(error).__name__)
        raise Unavailable from error
    else:
        is_kept = time.monotonic() < _kept.until
        return result
    finally:
        if not is_kept:
            connections.close_all()  # back to psycopg's pool


class _Kept(threading.local):
    until = 0.0  # by the monotonic clock


_kept = _Kept()


def _take_connection() -> None:
    """Have the one that was kept, if it is there still, or another."""
    if connection.connection is not None and is_at_rest(connection.connection):
        return
    connections.close_all()  # the server has ended it, or there is none
    _kept.until = time.monotonic() + KEPT


def _gate() -> Gate:
    loop = asyncio.get_running_loop()
    if loop not in _gates:
        _gates[loop] = Gate(_width())
    return _gates[loop]


def _width() -> int:
    """Two thirds of the pool: the rest, one at least, is for REST, the page and the admin."""
    return max(1, int(settings.ENV.db_pool_size) * 2 // 3)


_threads = Threads(name="bridge", rest=IDLE, when_over=connections.close_all)
