"""How much, how fast: counted for all processes in Redis, or in this one while Redis is away."""

import math
import threading
import time
from functools import cache
from uuid import UUID

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from moderado.core import redis
from moderado.core.errors import RateLimited

log = structlog.get_logger(__name__)

PAUSE = 5.0  # seconds during which a Redis that failed is not asked again


def hit(limit: str, *key: str | UUID) -> None:
    """Count one use of `key` against `limit` ("10/minute").

    Raises RateLimited, with the seconds to wait, once the limit is reached; what is refused is
    not counted. Never fails and never waits long because of Redis.
    """
    item, names = _parsed(limit), [str(part) for part in key]
    limiter = _limiter()
    try:
        allowed, retry_after = _take(limiter, item, names)
    except redis.RedisError as error:
        _outage.begin(error)
        allowed, retry_after = _take(_local(), item, names)
    if not allowed:
        raise RateLimited(retry_after=retry_after)


def _take(limiter: RateLimiter, item: RateLimitItem, names: list[str]) -> tuple[bool, int]:
    if limiter.hit(item, *names):
        return True, 0
    reset = limiter.get_window_stats(item, *names).reset_time
    return False, math.ceil(reset - time.time())


class _Outage:
    """Whether Redis failed a moment ago, in this process."""

    def __init__(self) -> None:
        self._until = 0.0
        self._lock = threading.Lock()

    def begin(self, error: Exception) -> None:
        now = time.monotonic()
        with self._lock:
            fresh, self._until = now >= self._until, now + PAUSE
        if fresh:
            log.warning("limits_counted_locally", error=type(error).__name__, seconds=PAUSE)

    def lasts(self) -> bool:
        return time.monotonic() < self._until

    def end(self) -> None:
        self._until = 0.0


_outage = _Outage()


def _limiter() -> RateLimiter:
    return _local() if _outage.lasts() else _shared(settings.REDIS_URL)


@cache
def _parsed(limit: str) -> RateLimitItem:
    return parse(limit)


@cache
def _shared(url: str) -> RateLimiter:
    # The moving window, not the fixed one: what it promises in Retry-After is true.
    pool = redis.client().connection_pool
    return MovingWindowRateLimiter(
        RedisStorage(url, connection_pool=pool, key_prefix="moderado:limit")
    )


def _local() -> RateLimiter:
    with _making:  # or threads that come together would count in a store each
        return _made()


_making = threading.Lock()


@cache
def _made() -> RateLimiter:
    return _OneByOne(MemoryStorage())


class _OneByOne(MovingWindowRateLimiter):
    """The library's store in memory lets some threads through together."""

    _lock = threading.Lock()

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        with self._lock:
            return super().hit(item, *identifiers, cost=cost)
