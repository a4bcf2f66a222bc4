"""The load of a run, which follows what the machine bears.

How soon a message is confirmed says something of the product only while processors have time to
spare: where all are busy, each program waits for its turn. Before confirmations are measured, the
load is reduced until that is so. It says nothing either where the processors are virtual and their
host gives them to other machines meanwhile: then all programs stand still without knowing it.
"""

import asyncio
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SPARE = 0.3  # share of processor time that nothing uses
SLOWER = 1.4  # factor of one reduction
SLOWEST = 6.0
WINDOW = 1.5  # seconds of one look at the processors
MOST_STOLEN = 0.05  # share of what programs wanted of the processors that the host may withhold


class Pace:
    """How much longer than planned people, and devices that poll, pause between two acts."""

    def __init__(self) -> None:
        self.factor = 1.0

    async def pause(self, dice: random.Random, average: float) -> None:
        """Wait for a random time, on average so many seconds at full load."""
        await asyncio.sleep(dice.expovariate(1 / average) * self.factor)

    def settle(self) -> bool:
        """Reduce the load until processors have time to spare: True. False: they never have."""
        while _next(WINDOW).spare_share < SPARE:
            if self.factor >= SLOWEST:
                return False
            self.factor *= SLOWER
        return True


def _next(seconds: float) -> "Processors":
    """Return what the processors do in the next `seconds`."""
    before = Processors.now()
    time.sleep(seconds)
    return Processors.now() - before


@dataclass(frozen=True, slots=True)
class Processors:
    """What all processors did since the start, in clock ticks. The difference of two is a time."""

    free: int
    stolen: int
    whole: int

    @classmethod
    def now(cls) -> Self:
        """Read the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.

        Programs of a lower priority give way, so their time counts as free.
        """
        first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
        ticks = [int(each) for each in first.split()[1:9]]
        lower = ticks[1] if os.getpriority(os.PRIO_PROCESS, 0) <= 0 else 0
        return cls(free=lower + ticks[3] + ticks[4], stolen=ticks[7], whole=sum(ticks))

    def __sub__(self, earlier: Self) -> Self:
        free, stolen = self.free - earlier.free, self.stolen - earlier.stolen
        return type(self)(free=free, stolen=stolen, whole=self.whole - earlier.whole)

    @property
    def spare_share(self) -> float:
        """The share of the time that nothing of this priority used."""
        return self.free / max(self.whole, 1)

    @property
    def stolen_share(self) -> float:
        """The share of what programs wanted that the host of a virtual machine withheld."""
        return self.stolen / max(self.whole - self.free, 1)
