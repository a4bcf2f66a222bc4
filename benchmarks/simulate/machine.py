"""The machine: cores, the programs that share them, and a disk.

Between two programs lies more than what they compute. Whoever is asked has to be woken first, and
so has whoever asked, once there is an answer; on cores that others use, it waits for a turn; and a
thread of Python waits for the interpreter besides.
"""

from collections import deque
from collections.abc import Callable

from benchmarks.simulate.engine import Engine, Process, Queue, Turns
from benchmarks.simulate.table import CORE_TURN, WAKE

STEP = 0.0005  # seconds of CPU after which it is looked whether somebody else waits
PYTHON_TURN = 0.005  # seconds that a thread waits until Python interrupts another one
SHAPE = 10  # of the gamma distribution about its mean by which what is done takes longer or less
# Seconds of idling after which a process has cooled down, and in which it is warm again. Up to 20
# ms cost nothing (W2's worker in one room idles as long, and in twenty hardly); W1's 40 do.
PAUSE, WARMING = 0.025, 0.01


class Cores(Turns):
    """The cores of a machine: who has one keeps it for `CORE_TURN` seconds, though others wait."""

    def __init__(self, engine: Engine, places: int) -> None:
        super().__init__(engine, places)
        self.busy = 0.0  # seconds of CPU spent on all of them


class Program:
    """A process of the operating system, whose threads take turns as Python's do.

    `cold`: how much more it costs what it does when it has just been woken after a pause. `turn`:
    seconds that one of its threads waits until another one has to give way.
    """

    def __init__(
        self, engine: Engine, cores: Cores, *, cold: float = 1.0, turn: float = PYTHON_TURN
    ) -> None:
        self.busy = 0.0  # seconds of CPU
        self._engine = engine
        self._cores = cores
        self._interpreter = Turns(engine)
        self._cold = cold
        self._turn = turn
        self._ran = 0.0  # seconds since it has had a core
        self._last = self._woken = -PAUSE

    def work(self, seconds: float) -> Process:
        """Spend about so many seconds of CPU, however long that takes."""
        yield from self.enter()
        yield from self.spend(seconds)
        self.leave()

    def enter(self) -> Process:
        """A thread of it runs, and goes on to until it leaves."""
        yield from self._interpreter.take()
        yield from self._cores.take()
        self._ran = 0.0
        if self._engine.now - self._last > PAUSE:
            self._woken = self._engine.now

    def spend(self, seconds: float) -> Process:
        """By whoever has entered: others may have their turns meanwhile."""
        warmth = self._cold if self._engine.now - self._woken <= WARMING else 1.0
        left = seconds * warmth * self._engine.dice.gammavariate(SHAPE, 1 / SHAPE)
        while left > 0:
            step = min(left, STEP)
            yield step
            left -= step
            self.busy += step
            self._cores.busy += step
            self._ran += step
            yield from self._give_way()

    def leave(self) -> None:
        """The thread waits for something: the next one's turn, on any core."""
        self._cores.give()
        self._interpreter.give()
        self._last = self._engine.now

    def _give_way(self) -> Process:
        if self._interpreter.waited >= self._turn:
            self.leave()
            yield from self.enter()
        elif self._cores.is_wanted and self._ran >= CORE_TURN:
            # The interpreter stays with the thread that waits for a core.
            self._cores.give()
            yield from self._cores.take()
            self._ran = 0.0

    def serve(self, seconds: float) -> Process:
        """Work that another program asks for, and waits for: each has to be woken."""
        yield WAKE
        yield from self.work(seconds)
        yield WAKE


class Loop:
    """An event loop: one thread of a program that does what is posted, in its order."""

    def __init__(self, engine: Engine, program: Program) -> None:
        self._engine, self._program = engine, program
        self._jobs: deque[tuple[float, Callable[[], None]]] = deque()
        self._is_running = False

    def post(self, seconds: float, then: Callable[[], None]) -> None:
        """Work so long, then do that. While it has something to do it does not pause in between."""
        self._jobs.append((seconds, then))
        if not self._is_running:
            self._is_running = True
            self._engine.start(self._run())

    def turn(self, seconds: float = 0.0) -> Process:
        """Wait until the loop has come to it, and worked so long."""
        waiting: Queue = deque()
        self.post(seconds, lambda: self._engine.start(waiting.popleft()))
        yield waiting

    def _run(self) -> Process:
        yield WAKE
        yield from self._program.enter()
        while self._jobs:
            seconds, then = self._jobs.popleft()
            yield from self._program.spend(seconds)
            then()
        self._program.leave()
        self._is_running = False


class Disk:
    """Commits that wait while one is written share the next. `seconds`: what one write takes."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self.busy = 0.0
        self._engine, self._seconds = engine, seconds
        self._waiting: Queue = deque()
        self._is_writing = False

    def flush(self) -> Process:
        """Until what the caller wrote is safe."""
        if not self._is_writing:
            self._is_writing = True
            self._engine.start(self._write())
        yield self._waiting

    def _write(self) -> Process:
        yield 0.0  # after whoever has just begun to wait
        while self._waiting:
            company = list(self._waiting)
            self._waiting.clear()
            yield self._seconds
            self.busy += self._seconds
            for process in company:
                self._engine.start(process)
        self._is_writing = False
