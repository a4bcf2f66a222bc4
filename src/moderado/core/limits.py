"""Rate limits, counted in Redis, or in this process while Redis is unreachable."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from django.core.signals import setting_changed
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from moderado.core import redis
from moderado.core.addresses import rate_limit_key, site_of
from moderado.core.errors import RateLimited

log = structlog.get_logger(__name__)

SITE_NETWORKS = 32  # networks of one IPv6 site that may use their limits at once
RETRY_DELAY = 5.0  # seconds without another attempt after Redis failed

# A limit ("10/minute"), and the key whose uses are counted against it.
Use = tuple[str, tuple[str | UUID, ...]]

# The seconds that a chain must wait, 0 if it may pass, and how many of its uses were counted.
_Counted = tuple[float, int]


def uses_of_address(limit: str, kind: str, address: str, *more: str) -> list[Use]:
    """Return what one use counts for an address: the address itself, and its IPv6 site.

    Hosters give a /48 to one customer: 65,536 networks, each with a limit of its own. Providers of
    mobile networks give one /48 to many. So a site may use what `SITE_NETWORKS` networks may.

    Args:
        limit: Of an address.
        kind: What is counted, such as a quota class.
        address: The client's address.
        more: What follows in the key.
    """
    uses: list[Use] = [(limit, (*more, kind, rate_limit_key(address)))]
    site = site_of(address)
    if site is not None:
        uses.append((_times(limit, SITE_NETWORKS), (*more, f"{kind}_site", site)))
    return uses


class Watch:
    """Whether any use was counted, and not refused, since the watch began."""

    __slots__ = ("has_counted",)

    def __init__(self) -> None:
        self.has_counted = False


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched() -> Iterator[Watch]:
    """Observe whether the block counts a use: in its context, and in threads that copy it."""
    watch = Watch()
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


def note_counted(*, has_counted: bool) -> None:
    """Tell the watch of this context what code in another context has counted for it."""
    watch = _watch.get()
    if watch is not None:
        watch.has_counted = has_counted


class RateLimiter:
    """Counts uses in Redis. After a failure of Redis it counts in this process for a while.

    Args:
        retry_delay: Seconds without another attempt after Redis failed.
        storage: Builds the storage of this process's counts, on first use.
    """

    def __init__(
        self,
        *,
        retry_delay: float = RETRY_DELAY,
        storage: Callable[[], MemoryStorage] = MemoryStorage,
    ) -> None:
        self._retry_delay = retry_delay
        self._storage = storage
        self._memory: MemoryStorage | None = None
        self._local: MovingWindowRateLimiter | None = None
        self._local_until = 0.0
        self._lock = threading.Lock()

    def hit(self, limit: str, *key: str | UUID) -> None:
        """Count one use of `key` against `limit`, for example "10/minute".

        A refused use is not counted. Failures of Redis raise nothing and cost at most its time-out.

        Raises:
            RateLimited: The limit is reached; `retry_after` says for how many seconds.
        """
        (refusal,) = self.hit_all([[(limit, key)]])
        if refusal is not None:
            raise refusal

    def hit_address(self, limit: str, kind: str, address: str) -> None:
        """Count one use of `kind` by an address (`uses_of_address`). Raises RateLimited."""
        (refusal,) = self.hit_all([uses_of_address(limit, kind, address)])
        if refusal is not None:
            raise refusal

    def hit_all(self, chains: Sequence[Sequence[Use]]) -> list[RateLimited | None]:
        """Count many uses in one exchange with Redis.

        Args:
            chains: Each chain's uses are counted in turn, up to the first refused one.

        Returns:
            For each chain its refusal, or None.
        """
        refusals = _refusals(self._count(chains))
        watch = _watch.get()
        if watch is not None and None in refusals:
            watch.has_counted = True
        return refusals

    def _count(self, chains: Sequence[Sequence[Use]]) -> Sequence[_Counted]:
        if time.monotonic() >= self._local_until:
            try:
                return _count_in_redis(chains)
            except redis.RedisError as error:
                self._count_locally_for_a_while(error)
        return [self._count_locally(chain) for chain in chains]

    def give_back(self, uses: Sequence[Use]) -> None:
        """Take back the latest count of each use. Failures of Redis raise nothing."""
        if time.monotonic() >= self._local_until:
            try:
                _give_back_in_redis(uses)
            except redis.RedisError as error:
                self._count_locally_for_a_while(error)
        else:
            self._give_back_locally(uses)

    def _give_back_locally(self, uses: Sequence[Use]) -> None:
        with self._lock:
            for limit, key in uses:
                if times := self._memory and self._memory.events.get(_local_name(limit, key)):
                    del times[0]

    def try_redis(self) -> None:
        """Try Redis again at the next use."""
        self._local_until = 0.0

    def _count_locally_for_a_while(self, error: Exception) -> None:
        now = time.monotonic()
        with self._lock:
            is_first = now >= self._local_until
            self._local_until = now + self._retry_delay
        if is_first:
            log.warning(
                "limits_counted_locally", error=type(error).__name__, seconds=self._retry_delay
            )

    def _count_locally(self, chain: Sequence[Use]) -> _Counted:
        with self._lock:  # the library's memory storage is not atomic across threads
            if self._local is None:  # on first use: a storage starts a thread
                self._memory = self._storage()
                self._local = MovingWindowRateLimiter(self._memory)
            for counted, (limit, key) in enumerate(chain):
                item, parts = _parse(limit), [str(part) for part in key]
                if not self._local.hit(item, *parts):
                    reset_time = self._local.get_window_stats(item, *parts).reset_time
                    wait = reset_time - time.time()  # noqa: TID251  (the library's own clock)
                    return wait, counted
        return 0.0, len(chain)


# A moving window, so that Retry-After is exact. The algorithm is that of the `limits` library (a
# list of the times of the last uses, newest first), extended to count all chains in one call and to
# return the wait (ADR 0016). KEYS: one for each use. ARGV: for each run of equal chains
# their number, the uses of each chain, and amount and seconds of each use.
# Returns for each chain its wait in milliseconds, 0 if it may pass, and how many uses were counted.
_COUNT = """
local time = redis.call('TIME')
local now, at, key, waits = time[1] + time[2] / 1000000, 1, 1, {}
local stamp = string.format('%.6f', now)
while at <= #ARGV do
    local chains, uses = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    for chain = 1, chains do
        local wait, counted = 0, 0
        for use = 0, uses - 1 do
            local amount = tonumber(ARGV[at + 2 + 2 * use])
            local seconds = tonumber(ARGV[at + 3 + 2 * use])
            local name = KEYS[key + use]
            local oldest = redis.call('LINDEX', name, amount - 1)
            if oldest and tonumber(oldest) >= now - seconds then
                wait = math.max(1, math.ceil((oldest + seconds - now) * 1000))
                break
            end
            if redis.call('LPUSH', name, stamp) > amount then
                redis.call('LTRIM', name, 0, amount - 1)
            end
            redis.call('EXPIRE', name, seconds)
            counted = counted + 1
        end
        waits[#waits + 1] = wait
        waits[#waits + 1] = counted
        key = key + uses
    end
    at = at + 2 + 2 * uses
end
return waits
"""


def _count_in_redis(chains: Sequence[Sequence[Use]]) -> list[_Counted]:
    names = [_name(*use) for chain in chains for use in chain]
    numbers: list[float] = []
    for limits, alike in groupby([limit for limit, _ in chain] for chain in chains):
        numbers += (len(list(alike)), len(limits))
        for limit in map(_parse, limits):
            numbers += (limit.amount, limit.get_expiry())
    answer = _script()(keys=names, args=numbers, client=redis.client())
    return [(wait / 1000, counted) for wait, counted in zip(*[iter(answer)] * 2, strict=True)]


def _give_back_in_redis(uses: Sequence[Use]) -> None:
    pipeline = redis.client().pipeline(transaction=False)
    for use in uses:
        pipeline.lpop(_name(*use))
    pipeline.execute()


def _refusals(counts: Sequence[_Counted]) -> list[RateLimited | None]:
    return [
        RateLimited(retry_after=math.ceil(wait), counted=counted) if wait > 0 else None
        for wait, counted in counts
    ]


@cache
def _times(limit: str, factor: int) -> str:
    item = parse(limit)
    return f"{item.amount * factor}/{item.get_expiry()} seconds"


@cache
def _parse(limit: str) -> RateLimitItem:
    return parse(limit)


@lru_cache(maxsize=4096)  # the same users post again in the same rooms
def _name(limit: str, key: tuple[str | UUID, ...]) -> str:
    """Return the Redis key of the uses of `key`."""
    return f"moderado:limit:{_local_name(limit, key)}"


def _local_name(limit: str, key: tuple[str | UUID, ...]) -> str:
    return _parse(limit).key_for(*map(str, key))


@cache
def _script() -> Callable[..., list[int]]:
    """Return the registered script; redis-py sends it again to a server that does not know it."""
    # Any thread's client registers it: each call passes its own.
    return redis.client().register_script(_COUNT)


_shared = RateLimiter()
hit = _shared.hit
hit_address = _shared.hit_address
hit_all = _shared.hit_all
give_back = _shared.give_back
try_redis = _shared.try_redis


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting == "REDIS_URL":
        _shared.try_redis()


setting_changed.connect(_on_setting_changed)
