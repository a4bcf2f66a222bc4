"""A load, what there is to carry it, and what web processes and workers have in common."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass

from benchmarks.simulate.costs import Costs
from benchmarks.simulate.database import Backend, Waiting
from benchmarks.simulate.engine import Asking, Engine, Process, Queue, T
from benchmarks.simulate.machine import Cores, Disk, Program
from benchmarks.simulate.table import FLUSH


@dataclass(frozen=True, slots=True)
class Setup:
    """A load, and what there is to carry it. `rate` 0: `in_flight` people who take turns."""

    rate: float = 100.0  # messages a second
    rooms: int = 20
    hot: float = 0.1  # of all that is said, in one of the rooms
    sockets: int = 25  # in each room
    cores: int = 2
    database_cores: int = 0  # of PostgreSQL's own machine; 0: it shares the others
    web: int = 1
    workers: int = 2
    shards: int = 1  # publications of a batch at most; 0: one for each room of it
    in_flight: int = 0
    seconds: float = 5.0
    crowd: float = 0.0  # CPU seconds a message of clients on the same cores; 0: they have their own
    locks: bool = True  # whether rooms are locked while they are numbered
    valkey: float = 1.0  # how fast Valkey is, and the disk
    disk: float = 1.0
    seed: int = 1


class Doorbell:
    """`core/doorbell.py`: a press calls a worker, or is a knock for the one that is there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_rung = self._is_knocked = False
        self._calls = 0  # tasks that nobody has taken up
        self._idle: Queue = deque()
        self._door: deque[Process] = deque()
        self._waits: Counter[Process] = Counter()

    def press(self) -> bool:
        """Something waits. True: a worker has to be called."""
        if not self._is_rung:
            self._is_rung = True
            return True
        self._is_knocked = True
        if self._door:
            self._engine.start(self._door.popleft())
        return False

    def call(self) -> None:
        """By a task of Celery's: whoever is free takes it up."""
        self._calls += 1
        if self._idle:
            self._engine.start(self._idle.popleft())

    def is_called(self) -> Process:
        """Wait to be called, with nothing to do until then."""
        while not self._calls:
            yield self._idle
        self._calls -= 1

    def answer(self) -> None:
        """From now on, a worker has to be called."""
        self._is_rung = False

    def hears_a_knock(self, who: Process, seconds: float) -> Asking[bool]:
        """Let the process `who` wait at the door, so long at most."""
        if not self._is_knocked:
            self._waits[who] += 1
            self._engine.start(self._leave(who, self._waits[who], seconds))
            yield self._door
        heard, self._is_knocked = self._is_knocked, False
        return heard

    def _leave(self, who: Process, wait: int, seconds: float) -> Process:
        yield seconds
        if wait == self._waits[who] and who in self._door:
            self._door.remove(who)
            self._engine.start(who)


class Watch:
    """How long the steps of a batch took by the clock: seconds, and how often."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def times(self, name: str, step: Asking[T]) -> Asking[T]:
        """Do it, with a look at the clock before and after: its answer."""
        began = self._engine.now
        answer = yield from step
        self.note(name, since=began)
        return answer

    def note(self, name: str, *, since: float) -> None:
        """A step is done that began at that moment."""
        self._seconds[name].append(self._engine.now - since)

    def milliseconds(self) -> dict[str, float]:
        """The mean of each step."""
        return {name: sum(all_) / len(all_) * 1000 for name, all_ in self._seconds.items()}


class Site:
    """What all processes share: clock, cores, disk, Valkey, the queue and its doorbell."""

    def __init__(self, setup: Setup, costs: Costs) -> None:
        self.setup, self.costs = setup, costs
        self.engine = engine = Engine(setup.seed)
        self.watch = Watch(engine)
        self.cores = Cores(engine, setup.cores)
        own = setup.database_cores
        self.database = Cores(engine, own) if own else self.cores
        self.valkey = Program(engine, self.cores, cold=costs.cold["valkey"])
        self.disk = Disk(engine, FLUSH / setup.disk)
        self.queue = Waiting(engine, locks=setup.locks)
        self.doorbell = Doorbell(engine)

    def connection(self) -> Backend:
        """To PostgreSQL."""
        cold = self.costs.cold["postgres"]
        return Backend(self.engine, self.database, cold=cold, aside=self.costs.aside)

    def program(self, kind: str, *, turn: float) -> Program:
        """A process of ours on the cores that all share."""
        return Program(self.engine, self.cores, cold=self.costs.cold[kind], turn=turn)
