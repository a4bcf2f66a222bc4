"""Rate limits, counted in Redis, or in this process while Redis is unreachable."""

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

PAUSE = 5.0  # seconds without another attempt after Redis failed

Use = tuple[
    str, tuple[str | UUID, ...]
]  # a limit ("10/minute"), and the key that is counted against it


def hit(limit: str, *key: str | UUID) -> None:
    """Count one use of `key` against `limit`, for example "10/minute".

    A refused use is not counted. Failures of Redis raise nothing and cost at most its time-out.

    Raises:
        RateLimited: The limit is reached; `retry_after` says for how many seconds.
    """
    (refusal,) = hit_all([[(limit, key)]])
    if refusal is not None:
        raise refusal


def hit_all(chains: Sequence[Sequence[Use]]) -> list[RateLimited | None]:
    """Count many uses in one exchange with Redis.

    Args:
        chains: Each chain's uses are counted in turn, up to the first refused one.

    Returns:
        For each chain its refusal, or None.
    """
    if not _outage.lasts():
        try:
            return _refusals(_counted(chains))
        except redis.RedisError as error:
            _outage.begin(error)
    return _refusals([_counted_here(chain) for chain in chains])


class _Outage:
    """Remembers, for this process, that Redis failed recently."""

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


# A moving window, so that Retry-After is exact. The algorithm is that of the `limits` library (a
# list of the times of the last uses, newest first), extended to all chains in one call and
# to return the wait (ADR 0016). KEYS: one for each use. ARGV: now, then for each run of equal
# chains their number, the uses of each chain, and amount and seconds of each use.
# Returns the wait of each chain in milliseconds, 0 if it may pass.
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
    """Return the seconds each chain must wait, as counted in Redis."""
    names = [_name(*use) for chain in chains for use in chain]
    numbers: list[float] = [time.time()]
    for limits, alike in groupby([limit for limit, _ in chain] for chain in chains):
        numbers += (len(list(alike)), len(limits))
        for limit in map(_parsed, limits):
            numbers += (limit.amount, limit.get_expiry())
    waits = _script()(keys=names, args=numbers, client=redis.client())
    return [wait / 1000 for wait in waits]


def _counted_here(chain: Sequence[Use]) -> float:
    """Return the seconds the chain must wait, as counted in this process."""
    with _making:  # the library's memory storage is not atomic across threads
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


@lru_cache(maxsize=4096)  # the same users post again in the same rooms
def _name(limit: str, key: tuple[str | UUID, ...]) -> str:
    """Return the Redis key of the uses of `key`."""
    return f"moderado:limit:{_parsed(limit).key_for(*map(str, key))}"


@cache
def _script() -> Callable[..., list[int]]:
    """Return the registered script; redis-py sends it again to a server that does not know it."""
    return redis.client().register_script(
        _COUNT
    )  # the client of any thread: each call passes its own


_making = threading.Lock()


@cache
def _local() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
