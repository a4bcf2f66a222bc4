"""Stalls of the event loop are counted, with their length."""

import asyncio
import time

import pytest

from moderado.core.metrics import LOOP_STALLS
from moderado.realtime.infra.loop_monitor import watch_loop


@pytest.fixture
async def watching():
    """A monitor to which only half a second counts: the machine may be busy."""
    task = asyncio.create_task(watch_loop(interval=0.01, stall=0.5))
    await asyncio.sleep(0)
    yield
    task.cancel()


def recorded():
    (metric,) = LOOP_STALLS.collect()
    values = {sample.name.rpartition("_")[2]: sample.value for sample in metric.samples}
    return values["count"], values["sum"]


async def test_blocked_loop_is_recorded(watching):
    count, seconds = recorded()

    time.sleep(1.0)  # noqa: ASYNC251  (this is what must not happen)
    async with asyncio.timeout(10):
        while recorded()[0] == count:
            await asyncio.sleep(0.01)

    assert recorded()[1] - seconds >= 0.9


async def test_busy_loop_that_yields_is_not_recorded(watching):
    before = recorded()

    for _ in range(2_000):
        await asyncio.sleep(0)

    assert recorded() == before
