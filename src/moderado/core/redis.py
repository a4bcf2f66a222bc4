"""The one place that builds Redis clients: short time-outs, keepalive, no long retries.

Redis is a hint and never the record: whoever asks it must have an answer for `RedisError`.
"""

import os
import socket
import threading
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


def client(url: str | None = None) -> redis.Redis:
    """This thread's client, with one connection of its own. Every call takes 0.5 s at most, or
    raises RedisError; so does this, the first time. `url`: of another Redis than the one of
    `REDIS_URL`."""
    url = url or settings.REDIS_URL
    mine = _thread.clients
    if url not in mine:
        mine[url] = _new_client(url)
    return mine[url]


def new_async_client(url: str | None = None, *, timeout: float = TIMEOUT) -> redis_asyncio.Redis:
    """A client for the running event loop; whoever asked for it closes it. `url`: of another Redis
    than the one of `REDIS_URL`."""
    return redis_asyncio.Redis.from_url(
        url or settings.REDIS_URL,
        retry=AsyncRetry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        **_connection_options(url or settings.REDIS_URL, timeout),
    )


class _Thread(threading.local):
    """A pool, asked for a connection and given it back, would be a third of what a call costs."""

    def __init__(self) -> None:
        self.clients: dict[str, redis.Redis] = {}


def _forget() -> None:
    global _thread  # noqa: PLW0603  (a forked process shares no connection)
    _thread = _Thread()


_thread = _Thread()
os.register_at_fork(after_in_child=_forget)


def _new_client(url: str) -> redis.Redis:
    # One retry, and only of a connection that was found closed (Redis was restarted): a time-out
    # is not repeated, since the caller has waited long enough.
    return redis.Redis.from_url(
        url,
        single_connection_client=True,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        **_connection_options(url, TIMEOUT),
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
