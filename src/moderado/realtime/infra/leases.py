"""Things that are true for a while, in Redis: a dead process needs nobody to clean up after it.

A lease is a member of a sorted set whose score is the time it ends, on Redis' own clock. Redis is
a hint here too: while it is away nothing is asked of it, and the answer is "nobody knows".
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from moderado.core.redis import new_async_client

log = structlog.get_logger(__name__)

SECONDS = 30  # a lease lasts so long unless it is renewed
LARGEST = 100  # commands in one exchange
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


Waiting = tuple[tuple[Any, ...], "asyncio.Future[Any]"]  # a command, and its answer to be


class Leases:
    """The leases of one event loop. No method raises because of Redis.

    What is asked while Redis answers goes there together, in one exchange.
    """

    def __init__(self) -> None:
        self._client = new_async_client()
        self._failed_at = float("-inf")
        self._waiting: list[Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def hold(self, key: str, members: Sequence[str], *, limit: int = 0) -> bool:
        """Take or renew leases; False when `limit` others hold one already (0: no limit)."""
        answer = await self._ask("EVAL", _HOLD, 1, key, SECONDS, limit, *members)
        return bool(answer != 0)

    async def release(self, key: str, member: str) -> bool:
        """End a lease now; False when there was none, or nobody knows."""
        return bool(await self._ask("ZREM", key, member))

    async def sweep(self, key: str, *, limit: int) -> tuple[list[str], list[str]] | None:
        """The members whose leases ended, once and to one asker only, and those who remain.

        None when Redis does not answer.
        """
        answer = await self._ask("EVAL", _SWEEP, 1, key, limit)
        return None if answer is None else (answer[0], answer[1])

    async def enter(
        self, key: str, member: str, *, limit: int
    ) -> tuple[list[str], list[str]] | None:
        """`sweep`, and `hold` for this member unless `limit` others are there, at once."""
        answer = await self._ask("EVAL", _ENTER, 1, key, limit, SECONDS, member)
        return None if answer is None else (answer[0], answer[1])

    async def close(self) -> None:
        """Close the connections."""
        if self._worker is not None:
            self._worker.cancel()
        await self._client.aclose()

    async def _ask(self, *command: Any) -> Any:
        """The answer of Redis, or None."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._failed_at < PAUSE:
            return None
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((command, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="leases")
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            answers = await self._exchange([command for command, _ in together])
            for (_, answer), found in zip(together, answers, strict=True):
                if not answer.done():  # else whoever asked has left
                    answer.set_result(found)

    async def _exchange(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        try:
            async with self._client.pipeline(transaction=False) as asked:
                for command in commands:
                    asked.execute_command(*command)
                answers: list[Any] = await asked.execute(raise_on_error=False)
        except Exception as error:  # noqa: BLE001  (whatever it is, sockets wait for an answer)
            answers = [error] * len(commands)
        if failed := [answer for answer in answers if isinstance(answer, Exception)]:
            self._failed_at = asyncio.get_running_loop().time()
            log.warning("leases_unavailable", error=type(failed[0]).__name__)
        return [None if isinstance(answer, Exception) else answer for answer in answers]
