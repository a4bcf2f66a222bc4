"""Builds all Redis clients, with short time-outs, keepalive and at most one retry.

Redis is a hint, never the record: every caller must handle `RedisError`.
"""

import os
import socket
import threading
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis import asyncio as redis_asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

__all__ = ["RedisError", "client", "new_async_client"]

TIMEOUT = 0.5  # seconds to connect and for an answer: no request waits longer for a hint
# Otherwise each new connection reads the library's version from disk, in the event loop, too, and
# leaves the names of all installed files to the garbage collector.
WITHOUT_VERSION: dict[str, Any] = {"driver_info": None}
SHARED_CALLS = 8  # of a thread on the shared pool, before it gets its own connection


def client(url: str | None = None, *, timeout: float = TIMEOUT) -> redis.Redis:
    """Return a client for the calling thread; do not store it.

    Args:
        url: Another Redis than `REDIS_URL`.
        timeout: Seconds to connect and for an answer.

    Raises:
        RedisError: By this function or any call of the client.
    """
    url = url or settings.REDIS_URL
    own = _thread.clients.get((url, timeout))
    if own is not None:
        return own
    _thread.calls += 1
    if _thread.calls <= SHARED_CALLS:
        return _shared(url, timeout)
    own = _new_client(url, timeout, single_connection_client=True)
    _thread.clients[url, timeout] = own
    return own


def new_async_client(url: str | None = None, *, timeout: float = TIMEOUT) -> redis_asyncio.Redis:
    """Return a client for the running event loop. The caller closes it.

    Args:
        url: Another Redis than `REDIS_URL`.
        timeout: Seconds to connect and for an answer.
    """
    return redis_asyncio.Redis.from_url(
        url or settings.REDIS_URL,
        retry=AsyncRetry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        **_connection_options(url or settings.REDIS_URL, timeout),
    )


class _Thread(threading.local):
    """Clients of a thread that calls Redis often, with one connection each.

    Taking a connection from a pool and returning it is a third of the cost of a call (ADR 0025).
    Threads that end after a few calls use the shared pool.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.clients: dict[tuple[str, float], redis.Redis] = {}


def reset_threads() -> None:
    """Give every thread new clients. A forked process must not share connections."""
    global _thread  # noqa: PLW0603  (state of the whole process)
    _thread = _Thread()


_thread = _Thread()
os.register_at_fork(after_in_child=reset_threads)  # connection pools detect a fork themselves


@cache
def _shared(url: str, timeout: float) -> redis.Redis:
    return _new_client(url, timeout)


def _new_client(url: str, timeout: float, **options: bool) -> redis.Redis:
    # One retry, and only for a connection found closed (Redis was restarted). A time-out is not
    # retried, since the caller has waited long enough.
    return redis.Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        **options,
        **_connection_options(url, timeout),
    )


def _connection_options(url: str, timeout: float) -> dict[str, Any]:
    options = WITHOUT_VERSION | {"socket_timeout": timeout, "decode_responses": True}
    if url.startswith("unix:"):
        return options
    return options | {
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "socket_keepalive_options": {
            socket.TCP_KEEPIDLE: 5,
            socket.TCP_KEEPINTVL: 3,
            socket.TCP_KEEPCNT: 3,
        },
    }
