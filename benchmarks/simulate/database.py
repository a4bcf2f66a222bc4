"""PostgreSQL, as far as it bounds anything: what waits, the rooms' locks, connections."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.simulate.engine import Engine, Process, Turns
from benchmarks.simulate.machine import Cores, Program


@dataclass(slots=True, eq=False)
class Message:
    """The moments of a message, in seconds; 0: not yet."""

    room: int
    web: int  # the web process of its author's socket
    author: int
    said: float
    stored: float = 0.0  # when its author was told so
    judged: float = 0.0
    heard: list[int] = field(default_factory=list)  # by which web processes
    settled: float = 0.0  # when its author heard it


class Waiting:
    """The queue, as PostgreSQL holds it: what waits in which room, and the rooms' locks."""

    def __init__(self, engine: Engine, *, locks: bool) -> None:
        self.held: Counter[int] = Counter()  # seconds for which a room was locked
        self._engine = engine
        self._locks: dict[int, Turns] = defaultdict(lambda: Turns(engine))
        self._is_locking = locks
        self._waiting: dict[int, deque[Message]] = defaultdict(deque)
        self._unsettled: Counter[int] = Counter()  # what others hold is in the way, too
        self._rooms: list[int] = []  # of these, in their order
        self._after = -1

    def add(self, batch: Sequence[Message]) -> None:
        """From now on they wait."""
        for message in batch:
            if not self._unsettled[message.room]:
                insort(self._rooms, message.room)
            self._waiting[message.room].append(message)
            self._unsettled[message.room] += 1

    def claim(self, limit: int) -> tuple[list[Message], bool]:
        """A fair share for each room, beginning after the one that was last. And whether any room
        gave all of its share: more may wait in it."""
        first = bisect_right(self._rooms, self._after)
        rooms = self._rooms[first : first + limit]
        rooms += self._rooms[: min(first, limit - len(rooms))]
        share = max(1, limit // max(len(rooms), 1))
        self._after = rooms[-1] if len(rooms) == limit else -1
        claimed: list[Message] = []
        more = False
        for room in rooms:
            line = self._waiting[room]
            more |= len(line) >= share
            claimed += [line.popleft() for _ in range(min(share, len(line)))]
        return claimed, more

    def lock(self, rooms: Sequence[int]) -> Process:
        """One after the other, in the order given: the same one for everybody."""
        if self._is_locking:
            for room in rooms:
                yield from self._locks[room].take()

    def settle(self, batch: Sequence[Message], locked: Sequence[int], since: float) -> None:
        """Committed: the rooms, locked `since` that moment, are free again."""
        for room, number in Counter(message.room for message in batch).items():
            self._unsettled[room] -= number
            if not self._unsettled[room]:
                del self._rooms[bisect_left(self._rooms, room)]
        for room in locked:
            self.held[room] += self._engine.now - since
            if self._is_locking:
                self._locks[room].give()


class Backend:
    """A connection to PostgreSQL. `aside`: the share of what it causes that is done by others (the
    writers of pages and of the log), while nobody waits."""

    def __init__(self, engine: Engine, cores: Cores, *, cold: float, aside: float) -> None:
        self._engine = engine
        self._aside = aside
        self._mine = Program(engine, cores, cold=cold)
        self._beside = Program(engine, cores, cold=cold)

    def work(self, seconds: float) -> Process:
        """Spend CPU on a statement, as long as somebody waits for it."""
        yield from self._mine.work(seconds * (1 - self._aside))
        self._engine.start(self._beside.work(seconds * self._aside))

    @property
    def busy(self) -> float:
        """Seconds of CPU."""
        return self._mine.busy + self._beside.busy
