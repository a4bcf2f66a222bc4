"""Measures how long the event loop runs something else when a timer is due.

A stalled event loop serves no client. The metric shows it where a probe from outside cannot.
"""

import asyncio

from moderado.core.metrics import LOOP_STALLS

INTERVAL = 0.05  # seconds between two measurements
STALL = 0.05  # seconds of delay from which on it counts


async def watch_loop(*, interval: float = INTERVAL, stall: float = STALL) -> None:
    """Record stalls of the running event loop, for ever."""
    now = asyncio.get_running_loop().time
    while True:
        due = now() + interval
        await asyncio.sleep(interval)
        if (late := now() - due) >= stall:
            LOOP_STALLS.observe(late)
