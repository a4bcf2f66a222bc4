"""Things that are true for a while, in Redis: a dead process needs nobody to clean up after it.

A lease is a member of a sorted set whose score is the time it ends, on Redis' own clock. Redis is
a hint here too: while it is away nothing is asked of it, and the answer is "nobody knows".
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from moderado.core.redis import RedisError, new_async_client

log = structlog.get_logger(__name__)

SECONDS = 30  # a lease lasts so long unless it is renewed
PAUSE = 5.0  # seconds during which a Redis that failed is not asked again

_HOLD = """
local now = tonumber(redis.call('TIME')[1])
local limit = tonumber(ARGV[2])
if limit > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
    if redis.call('ZCARD', KEYS[1]) >= limit
        and not redis.call('ZSCORE', KEYS[1], ARGV[3]) then return 0 end
end
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[1] * 2)
return 1
"""
_SWEEP = """
local now = tonumber(redis.call('TIME')[1])
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
if #dead > 0 then redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now) end
return {dead, redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)}
"""
# Both of the above: who was there before the member came, and whose leases had ended.
_ENTER = (
    _SWEEP.replace("return", "local found =")
    + """
if #found[2] < tonumber(ARGV[1]) then
    redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
    redis.call('EXPIRE', KEYS[1], ARGV[2] * 2)
end
return found
"""
)


class Leases:
    """The leases of one event loop. No method raises because of Redis."""

    def __init__(self) -> None:
        self._client = new_async_client()
        self._failed_at = float("-inf")

    async def hold(self, key: str, members: Sequence[str], *, limit: int = 0) -> bool:
        """Take or renew leases; False when `limit` others hold one already (0: no limit)."""
        answer = await self._ask("eval", _HOLD, 1, key, SECONDS, limit, *members)
        return bool(answer != 0)

    async def release(self, key: str, member: str) -> bool:
        """End a lease now; False when there was none, or nobody knows."""
        return bool(await self._ask("zrem", key, member))

    async def sweep(self, key: str, *, limit: int) -> tuple[list[str], list[str]] | None:
        """The members whose leases ended, once and to one asker only, and those who remain.

        None when Redis does not answer.
        """
        answer = await self._ask("eval", _SWEEP, 1, key, limit)
        return None if answer is None else (answer[0], answer[1])

    async def enter(
        self, key: str, member: str, *, limit: int
    ) -> tuple[list[str], list[str]] | None:
        """`sweep`, and `hold` for this member unless `limit` others are there, at once."""
        answer = await self._ask("eval", _ENTER, 1, key, limit, SECONDS, member)
        return None if answer is None else (answer[0], answer[1])

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, command: str, *args: Any) -> Any:
        loop = asyncio.get_running_loop()
        if loop.time() - self._failed_at < PAUSE:
            return None
        try:
            return await getattr(self._client, command)(*args)
        except (RedisError, OSError) as error:
            self._failed_at = loop.time()
            log.warning("leases_unavailable", error=type(error).__name__)
            return None
