"""How much, how fast: counted for all processes in Redis, or in this one while Redis is away."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import groupby
from uuid import UUID

import structlog
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from moderado.core import redis
from moderado.core.errors import RateLimited

log = structlog.get_logger(__name__)

PAUSE = 5.0  # seconds during which a Redis that failed is not asked again

Use = tuple[str, tuple[str | UUID, ...]]  # a limit, and the key that is counted against it


def hit(limit: str, *key: str | UUID) -> None:
    """Count one use of `key` against `limit` ("10/minute").

    Raises RateLimited, with the seconds to wait, once the limit is reached; what is refused is
    not counted. Never fails and never waits long because of Redis.
    """
    (refusal,) = hit_all([[(limit, key)]])
    if refusal is not None:
        raise refusal


def hit_all(chains: Sequence[Sequence[Use]]) -> list[RateLimited | None]:
    """Count many uses, in one exchange with Redis: the refusal of each chain, or None.

    The uses of a chain are counted in turn; the first that is refused ends it.
    """
    if not _outage.lasts():
        try:
            return _refusals(_counted(chains))
        except redis.RedisError as error:
            _outage.begin(error)
    return _refusals([_counted_here(chain) for chain in chains])


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


# The moving window, not the fixed one: what it promises in Retry-After is true. As `limits` counts
# (a list of the times of the last uses, the newest first), but all chains in one call, and the
# wait told at once. KEYS: of all uses; ARGV: now, then for chains that follow each other and are
# alike how many they are and how many uses each has, and of each use amount and seconds.
# Answers the wait of each chain in milliseconds, 0 if it may pass.
_COUNT = """
local now, at, key, waits = tonumber(ARGV[1]), 2, 1, {}
while at <= #ARGV do
    local chains, uses = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    for chain = 1, chains do
        local wait = 0
        for use = 0, uses - 1 do
            local amount = tonumber(ARGV[at + 2 + 2 * use])
            local seconds = tonumber(ARGV[at + 3 + 2 * use])
            local name = KEYS[key + use]
            local oldest = redis.call('LINDEX', name, amount - 1)
            if oldest and tonumber(oldest) >= now - seconds then
                wait = math.max(1, math.ceil((oldest + seconds - now) * 1000))
                break
            end
            if redis.call('LPUSH', name, ARGV[1]) > amount then
                redis.call('LTRIM', name, 0, amount - 1)
            end
            redis.call('EXPIRE', name, seconds)
        end
        waits[#waits + 1] = wait
        key = key + uses
    end
    at = at + 2 + 2 * uses
end
return waits
"""


def _counted(chains: Sequence[Sequence[Use]]) -> list[float]:
    """The seconds each chain has to wait, by Redis' count."""
    names = [_name(*use) for chain in chains for use in chain]
    numbers: list[float] = [time.time()]
    for limits, alike in groupby([limit for limit, _ in chain] for chain in chains):
        numbers += (len(list(alike)), len(limits))
        for limit in map(_parsed, limits):
            numbers += (limit.amount, limit.get_expiry())
    waits = _script()(keys=names, args=numbers, client=redis.client())
    return [wait / 1000 for wait in waits]


def _counted_here(chain: Sequence[Use]) -> float:
    """The same, by the count of this process."""
    with _making:  # the library's store in memory lets some threads through together
        limiter = _local()
        for limit, key in chain:
            item, words = _parsed(limit), [str(part) for part in key]
            if not limiter.hit(item, *words):
                return limiter.get_window_stats(item, *words).reset_time - time.time()
    return 0.0


def _refusals(waits: Sequence[float]) -> list[RateLimited | None]:
    return [RateLimited(retry_after=math.ceil(wait)) if wait > 0 else None for wait in waits]


@cache
def _parsed(limit: str) -> RateLimitItem:
    return parse(limit)


@lru_cache(maxsize=4096)  # whoever speaks will speak again, and in the same room
def _name(limit: str, key: tuple[str | UUID, ...]) -> str:
    """What the uses of `key` are counted under."""
    return f"moderado:limit:{_parsed(limit).key_for(*map(str, key))}"


@cache
def _script() -> Callable[..., list[int]]:
    """Sent again to a Redis that has forgotten it."""
    return redis.client().register_script(_COUNT)  # of whichever thread: who calls names their own


_making = threading.Lock()


@cache
def _local() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
