"""The one place that builds Redis clients: short time-outs, keepalive, no long retries.

Redis is a hint and never the record: whoever asks it must have an answer for `RedisError`.
"""

import socket
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


def client(url: str | None = None) -> redis.Redis:
    """This process's client, shared by its threads. A call takes 0.5 s at most, or raises. `url`:
    of another Redis than the one of `REDIS_URL`."""
    return _client(url or settings.REDIS_URL)


def new_async_client(url: str | None = None, *, timeout: float = TIMEOUT) -> redis_asyncio.Redis:
    """A client for the running event loop; whoever asked for it closes it. `url`: of another Redis
    than the one of `REDIS_URL`."""
    return redis_asyncio.Redis.from_url(
        url or settings.REDIS_URL,
        retry=AsyncRetry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        **_connection_options(url or settings.REDIS_URL, timeout),
    )


@cache
def _client(url: str) -> redis.Redis:
    # One retry, and only of a connection that was found closed (Redis was restarted): a time-out
    # is not repeated, since the caller has waited long enough.
    return redis.Redis.from_url(
        url,
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
