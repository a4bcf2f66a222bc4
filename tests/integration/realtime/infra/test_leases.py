"""Leases in Redis: commands share round trips, and callers always get an answer."""

import asyncio
from uuid import uuid4

import pytest

from moderado.realtime.infra.leases import Leases


@pytest.fixture
async def leases():
    made = Leases()
    yield made
    await made.close()


def counted(leases: Leases, monkeypatch) -> list[int]:
    exchanges: list[int] = []
    real = leases._exchange

    async def count(commands):
        exchanges.append(len(commands))
        return await real(commands)

    monkeypatch.setattr(leases, "_exchange", count)
    return exchanges


async def test_concurrent_commands_share_round_trips(leases, monkeypatch):
    exchanges = counted(leases, monkeypatch)
    key = f"test:{uuid4()}"

    held = await asyncio.gather(*(leases.hold(key, [str(n)], limit=15) for n in range(20)))

    assert held == [True] * 15 + [False] * 5
    assert sum(exchanges) == 20
    assert len(exchanges) <= 2


async def test_failing_redis_answers_unknown(leases, monkeypatch):
    def broken(**_options):
        raise RuntimeError

    monkeypatch.setattr(leases._client, "pipeline", broken)

    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(leases.sweep("test", limit=1) for _ in range(3)))

    assert answers == [None, None, None]


async def test_failed_command_does_not_affect_others(leases):
    key = f"test:{uuid4()}"

    answers = await asyncio.gather(leases._ask("SET", key, "x"), leases._ask("ZREM", key, "y"))

    assert answers == [True, None]
