"""A clock that jumps from one event to the next, and what processes wait for: time, turns, cores.

A process is a generator: it yields the seconds it sleeps, or the queue in which it waits until
somebody takes it out.
"""

import random
from collections import deque
from collections.abc import Generator
from heapq import heappop, heappush
from itertools import count
from typing import TypeVar

Queue = deque["Process"]
T = TypeVar("T")
Asking = Generator["float | Queue", None, T]  # with an answer at its end
Process = Asking[None]

SLICE = 0.001  # seconds of CPU after which somebody else may have the core
SHAPE = 10  # of the gamma distribution about its mean by which what is done takes longer or less
PAUSE = 0.01  # seconds after which a process has cooled down, and within which it is warm again


class Engine:
    """`start` what shall happen, then `run`."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.dice = random.Random(seed)
        self._due: list[tuple[float, int, Process]] = []
        self._order = count()

    def start(self, process: Process) -> None:
        """Now, after whatever else is due now."""
        heappush(self._due, (self.now, next(self._order), process))

    def run(self, until: float = float("inf")) -> None:
        """To that moment, or until nothing is left to happen."""
        while self._due and self._due[0][0] <= until:
            self.now, _, process = heappop(self._due)
            wanted = next(process, None)
            if isinstance(wanted, deque):
                wanted.append(process)
            elif wanted is not None:
                heappush(self._due, (self.now + wanted, next(self._order), process))


class Turns:
    """So many at once, the others in line."""

    def __init__(self, engine: Engine, places: int = 1) -> None:
        self.places = places
        self._engine = engine
        self._free = places
        self._line: Queue = deque()

    def take(self) -> Process:
        if self._free:
            self._free -= 1
        else:
            yield self._line

    def give(self) -> None:
        if self._line:
            self._engine.start(self._line.popleft())
        else:
            self._free += 1


class Cores(Turns):
    """The cores of a machine, shared in slices by all that have something to do."""

    def __init__(self, engine: Engine, places: int) -> None:
        super().__init__(engine, places)
        self.busy = 0.0


class Program:
    """A process of the operating system, doing one thing at a time: its own lock, then a core."""

    def __init__(self, engine: Engine, cores: Cores, *, cold: float, threads: int = 1) -> None:
        self.busy = 0.0
        self._engine = engine
        self._cores = cores
        self._lock = Turns(engine, threads)
        self._cold = cold
        self._last = self._woken = -PAUSE

    def work(self, seconds: float) -> Process:
        """Spend CPU: more of it where the process has just been woken."""
        now = self._engine.now
        if now - self._last > PAUSE:
            self._woken = now
        left = seconds * (self._cold if now - self._woken <= PAUSE else 1.0)
        left *= self._engine.dice.gammavariate(SHAPE, 1 / SHAPE)
        while left > 0:
            slice_ = min(left, SLICE)
            yield from self._lock.take()
            yield from self._cores.take()
            yield slice_
            self._cores.give()
            self._lock.give()
            self._cores.busy += slice_
            self.busy += slice_
            left -= slice_
        self._last = self._engine.now
