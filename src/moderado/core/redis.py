"""The one place that builds Redis clients: short time-outs, keepalive, no long retries.

Redis is a hint and never the record: whoever asks it must have an answer for `RedisError`.
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

TIMEOUT = 0.5  # seconds, to connect and for an answer: nobody's request waits longer for a hint
OFTEN = 8  # calls of one thread; from then on it has a connection of its own


def client(url: str | None = None, *, timeout: float = TIMEOUT) -> redis.Redis:
    """A client for the calling thread, not to be kept. Every call takes `timeout` seconds at most,
    or raises RedisError, as this may as well. `url`: of another Redis than that of `REDIS_URL`."""
    url = url or settings.REDIS_URL
    own = _thread.clients.get((url, timeout))
    if own is not None:
        return own
    _thread.calls += 1
    if _thread.calls <= OFTEN:
        return _shared(url, timeout)
    own = _new_client(url, timeout, single_connection_client=True)
    _thread.clients[url, timeout] = own
    return own


def new_async_client(url: str | None = None, *, timeout: float = TIMEOUT) -> redis_asyncio.Redis:
    """A client for the running event loop; whoever asked for it closes it. `url`: of another Redis
    than the one of `REDIS_URL`."""
    return redis_asyncio.Redis.from_url(
        url or settings.REDIS_URL,
        retry=AsyncRetry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        **_connection_options(url or settings.REDIS_URL, timeout),
    )


class _Thread(threading.local):
    """Clients with one connection each, of a thread that asks again and again: a pool, asked for a
    connection and given it back, is a third of what a call costs. Most threads of the web live for
    one request, though, and must not connect for it."""

    def __init__(self) -> None:
        self.calls = 0
        self.clients: dict[tuple[str, float], redis.Redis] = {}


def _forget() -> None:
    global _thread  # noqa: PLW0603  (a forked process shares no connection; pools see to it)
    _thread = _Thread()


_thread = _Thread()
os.register_at_fork(after_in_child=_forget)


@cache
def _shared(url: str, timeout: float) -> redis.Redis:
    return _new_client(url, timeout)


def _new_client(url: str, timeout: float, **options: bool) -> redis.Redis:
    # One retry, and only of a connection that was found closed (Redis was restarted): a time-out
    # is not repeated, since the caller has waited long enough.
    return redis.Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        **options,
        **_connection_options(url, timeout),
    )


def _connection_options(url: str, timeout: float) -> dict[str, Any]:
    options = {"socket_timeout": timeout, "decode_responses": True}
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
