"""A clock that jumps from one event to the next, and what processes wait for: time, turns.

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
        self._engine = engine
        self._free = places
        self._line: deque[tuple[float, Queue]] = deque()  # since when, and who

    @property
    def waited(self) -> float:
        """For how long the first in line has waited; 0: nobody does."""
        return self._engine.now - self._line[0][0] if self._line else 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody stands in line."""
        return bool(self._line)

    def take(self) -> Process:
        """Wait for a place."""
        if self._free:
            self._free -= 1
        else:
            turn: Queue = deque()
            self._line.append((self._engine.now, turn))
            yield turn

    def give(self) -> None:
        """Leave the place to whoever is first in line."""
        if self._line:
            _, turn = self._line.popleft()
            self._engine.start(turn.popleft())
        else:
            self._free += 1
