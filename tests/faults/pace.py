"""The load of a run, which follows what the machine bears.

How soon a message is confirmed says something of the product only while processors have time to
spare: where all are busy, each program waits for its turn. Before confirmations are measured, the
load is reduced until that is so.
"""

import asyncio
import os
import random
import time
from pathlib import Path

SPARE = 0.3  # share of processor time that nothing uses
SLOWER = 1.4  # factor of one reduction
SLOWEST = 6.0
WINDOW = 1.5  # seconds of one look at the processors


class Pace:
    """How much longer than planned people, and devices that poll, pause between two acts."""

    def __init__(self) -> None:
        self.factor = 1.0

    async def pause(self, dice: random.Random, average: float) -> None:
        """Wait for a random time, on average so many seconds at full load."""
        await asyncio.sleep(dice.expovariate(1 / average) * self.factor)

    def settle(self) -> bool:
        """Reduce the load until processors have time to spare: True. False: they never have."""
        while spare_share(WINDOW) < SPARE:
            if self.factor >= SLOWEST:
                return False
            self.factor *= SLOWER
        return True


def spare_share(seconds: float) -> float:
    """Return which share of processor time nothing of this priority uses, of the next `seconds`.

    Programs of a lower priority give way, so their time counts as free.
    """
    free, whole = _processor_time()
    time.sleep(seconds)
    free_later, whole_later = _processor_time()
    return (free_later - free) / max(whole_later - whole, 1)


def _processor_time() -> tuple[int, int]:
    """Return the free and the whole time of all processors since the start, in clock ticks.

    The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
    """
    first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    ticks = [int(each) for each in first.split()[1:9]]
    lower = ticks[1] if os.getpriority(os.PRIO_PROCESS, 0) <= 0 else 0
    return lower + ticks[3] + ticks[4], sum(ticks)
