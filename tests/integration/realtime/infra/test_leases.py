"""Leases in Redis: commands share round trips, and callers always get an answer."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio.client import Pipeline

from moderado.core.redis import new_async_client
from moderado.realtime.infra.leases import Leases


class CountingRedis:
    """A client that counts its pipelines. `fails` makes the next ones raise."""

    def __init__(self) -> None:
        self._client = new_async_client()
        self.pipelines = 0
        self.fails = False

    def pipeline(self, **options: bool) -> Pipeline:
        self.pipelines += 1
        if self.fails:
            raise RuntimeError
        return self._client.pipeline(**options)

    async def aclose(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def client():
    return CountingRedis()


@pytest.fixture
async def leases(client):
    made = Leases(client)
    yield made
    await made.close()


async def test_concurrent_commands_share_round_trips(leases, client):
    key = f"test:{uuid4()}"

    held = await asyncio.gather(*(leases.hold(key, [str(n)], limit=15) for n in range(20)))

    assert held == [True] * 15 + [False] * 5
    assert client.pipelines <= 2


async def test_failing_redis_answers_unknown(leases, client):
    client.fails = True

    answers = await asyncio.gather(*(leases.sweep("test", limit=1) for _ in range(3)))

    assert answers == [None, None, None]


async def test_failed_command_does_not_affect_others(leases):
    key = f"test:{uuid4()}"

    answers = await asyncio.gather(leases._ask("SET", key, "x"), leases._ask("ZREM", key, "y"))

    assert answers == [True, None]
