"""How much, how fast: counted for all processes in Redis, or in this one while Redis is away."""

import math
import threading
import time
from collections.abc import Sequence
from functools import cache
from uuid import UUID

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from moderado.core import redis
from moderado.core.errors import RateLimited

log = structlog.get_logger(__name__)

PAUSE = 5.0  # seconds during which a Redis that failed is not asked again


def hit(limit: str, *key: str | UUID) -> None:
    """Count one use of `key` against `limit` ("10/minute").

    Raises RateLimited, with the seconds to wait, once the limit is reached; what is refused is
    not counted. Never fails and never waits long because of Redis.
    """
    (refusal,) = hit_all(limit, [key])
    if refusal is not None:
        raise refusal


def hit_all(limit: str, keys: Sequence[tuple[str | UUID, ...]]) -> list[RateLimited | None]:
    """Count one use of each key, in one exchange with Redis: the refusal of each, or None."""
    item, names = _parsed(limit), [[str(part) for part in key] for key in keys]
    try:
        return _limiter().hit_all(item, names)
    except redis.RedisError as error:
        _outage.begin(error)
        return _local().hit_all(item, names)


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


class _Limiter(MovingWindowRateLimiter):
    """The moving window, not the fixed one: what it promises in Retry-After is true."""

    def hit_all(self, item: RateLimitItem, keys: Sequence[list[str]]) -> list[RateLimited | None]:
        return [None if self.hit(item, *key) else self._refusal(item, key) for key in keys]

    def _refusal(self, item: RateLimitItem, key: list[str]) -> RateLimited:
        reset = self.get_window_stats(item, *key).reset_time
        return RateLimited(retry_after=math.ceil(reset - time.time()))


class _Shared(_Limiter):
    """The library asks Redis once for each key; this asks for all of them at once."""

    storage: RedisStorage

    def hit_all(self, item: RateLimitItem, keys: Sequence[list[str]]) -> list[RateLimited | None]:
        script, now = self.storage.lua_acquire_moving_window.sha, time.time()
        with redis.client().pipeline(transaction=False) as asked:
            for key in keys:
                name = self.storage.prefixed_key(item.key_for(*key))
                asked.evalsha(script, 1, name, now, item.amount, item.get_expiry(), 1)
            answers = asked.execute(raise_on_error=False)
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if errors and all(isinstance(error, redis.NoScriptError) for error in errors):
            return super().hit_all(item, keys)  # a new Redis is taught by the library
        if errors:
            raise errors[0]
        return [
            None if counted else self._refusal(item, key)
            for counted, key in zip(answers, keys, strict=True)
        ]


class _Local(_Limiter):
    """The library's store in memory lets some threads through together."""

    _lock = threading.Lock()

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        with self._lock:
            return super().hit(item, *identifiers, cost=cost)


def _limiter() -> _Limiter:
    return _local() if _outage.lasts() else _shared(settings.REDIS_URL)


@cache
def _parsed(limit: str) -> RateLimitItem:
    return parse(limit)


@cache
def _shared(url: str) -> _Limiter:
    pool = redis.client().connection_pool
    return _Shared(RedisStorage(url, connection_pool=pool, key_prefix="moderado:limit"))


def _local() -> _Limiter:
    with _making:  # or threads that come together would count in a store each
        return _made()


_making = threading.Lock()


@cache
def _made() -> _Limiter:
    return _Local(MemoryStorage())
