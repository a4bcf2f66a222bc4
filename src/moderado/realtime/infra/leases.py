"""Leases in Redis: facts that expire unless they are renewed, as those of a dead process do.

A lease is a member of a sorted set whose score is its expiry, by the clock of Redis. Leases are
hints: while Redis is unavailable, answers say "unknown" and nothing is sent to it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis

from moderado.core.redis import new_async_client

log = structlog.get_logger(__name__)

SECONDS = 30  # until a lease expires
MAX_PIPELINE = 100  # commands in one round trip
RETRY_AFTER = 5.0  # seconds without commands after Redis failed

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
# Both of the above; the answer is that of `_SWEEP`, before the member was added.
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


Waiting = tuple[tuple[Any, ...], "asyncio.Future[Any]"]  # a command and its future answer


class Leases:
    """The leases of one event loop. No method raises because of Redis.

    Commands issued during a round trip share the next one.

    Args:
        client: Of Redis, which `close` closes. None: one of the running event loop.
    """

    def __init__(self, client: Redis | None = None) -> None:
        self._client = client or new_async_client()
        self._failed_at = float("-inf")
        self._waiting: list[Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def hold(self, key: str, members: Sequence[str], *, limit: int = 0) -> bool:
        """Take or renew leases.

        Args:
            limit: How many members may hold a lease of `key`; 0: any number.

        Returns:
            False if `limit` others hold one. True if Redis does not answer.
        """
        answer = await self._ask("EVAL", _HOLD, 1, key, SECONDS, limit, *members)
        return bool(answer != 0)

    async def release(self, key: str, member: str) -> bool:
        """End a lease. Return False if there was none, or Redis does not answer."""
        return bool(await self._ask("ZREM", key, member))

    async def sweep(self, key: str, *, limit: int) -> tuple[list[str], list[str]] | None:
        """Remove expired leases.

        Returns:
            The members whose leases expired, which only one caller gets, and at most `limit` of
            those that remain. None if Redis does not answer.
        """
        answer = await self._ask("EVAL", _SWEEP, 1, key, limit)
        return None if answer is None else (answer[0], answer[1])

    async def enter(
        self, key: str, member: str, *, limit: int
    ) -> tuple[list[str], list[str]] | None:
        """Do `sweep`, then take a lease for `member` unless `limit` others hold one, atomically.

        Returns:
            As `sweep`, without the new member.
        """
        answer = await self._ask("EVAL", _ENTER, 1, key, limit, SECONDS, member)
        return None if answer is None else (answer[0], answer[1])

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._worker is not None:
            self._worker.cancel()
        await self._client.aclose()

    async def _ask(self, *command: Any) -> Any:
        """Return the answer of Redis, or None."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._failed_at < RETRY_AFTER:
            return None
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((command, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="leases")
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_PIPELINE], self._waiting[MAX_PIPELINE:]
            answers = await self._exchange([command for command, _ in batch])
            for (_, answer), found in zip(batch, answers, strict=True):
                if not answer.done():  # else the caller was cancelled
                    answer.set_result(found)

    async def _exchange(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        try:
            async with self._client.pipeline(transaction=False) as asked:
                for command in commands:
                    asked.execute_command(*command)
                answers: list[Any] = await asked.execute(raise_on_error=False)
        except Exception as error:  # noqa: BLE001  (callers must get an answer)
            answers = [error] * len(commands)
        if failed := [answer for answer in answers if isinstance(answer, Exception)]:
            self._failed_at = asyncio.get_running_loop().time()
            log.warning("leases_unavailable", error=type(failed[0]).__name__)
        return [None if isinstance(answer, Exception) else answer for answer in answers]
