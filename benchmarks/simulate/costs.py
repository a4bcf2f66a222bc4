"""What each step costs, from the newest result in benchmarks/results and the table beside it: a
part for each batch, a part for each message in it.

What a result says of CPU a message is `fixed / batch + each`, so that two sizes of batches give
both. The worker and PostgreSQL have W2 and W6 (a backlog, in the largest batches); the web and
Valkey W2 and W1, where every batch is one message. W1 costs more than that line says, since at 20
messages a second everything has slept: how much more is `cold`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.results import FOLDER
from benchmarks.simulate import table
from benchmarks.simulate.table import HEAR, W1, W2, W3, Seen

Medians = dict[str, dict[str, float]]

PARTS = ("web", "worker", "postgres", "valkey")
EXCHANGES = 5  # of a worker with PostgreSQL a batch: begin and claim, log, rows, commit
NEEDED = {"w1", "w2", "w2-one-room", "w3", "w3-2000", "w4", "w6"}
RATE_W1 = 20  # messages a second


@dataclass(frozen=True, slots=True)
class Line:
    """CPU seconds of a batch."""

    fixed: float
    each: float

    def of(self, messages: float) -> float:
        return self.fixed + self.each * messages


@dataclass(frozen=True, slots=True)
class Batch:
    """CPU seconds of judging a batch."""

    fixed: float
    room: float  # each of its rooms
    each: float

    def of(self, messages: float, rooms: float) -> float:
        return self.fixed + self.room * rooms + self.each * messages


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds, by the process that spends them; `cold` multiplies what follows a pause."""

    store: Line  # web: from reading the frames to confirming them
    hear: Line  # web: a publication, but for what it writes
    write: float  # web: one write to one socket, however many lines are in it
    woken: float  # web: how much more it is where the other side has slept
    judge: Batch  # worker: from the claim to telling
    store_there: Line  # PostgreSQL
    judge_there: Batch
    aside: float  # the share of PostgreSQL's that nobody waits for
    count: Line  # Valkey: quotas, rings and whatever else belongs to a store
    cold: Mapping[str, float]

    @property
    def knock(self) -> float:
        """Worker: asking at the door, once a batch."""
        return table.KNOCK * self.judge.of(W2.judged, W2.rooms)

    @property
    def look(self) -> float:
        """Worker: asking what waits, in vain."""
        return table.CLAIM * self.judge.fixed

    @property
    def look_there(self) -> float:
        """PostgreSQL: being asked in vain."""
        return table.CLAIM_THERE * self.judge_there.fixed


def published(messages: float, listeners: int) -> float:
    """What one publication costs Valkey, in seconds of CPU."""
    return table.PUBLISH + listeners * (table.HEARD + messages * table.CARRIED)


def newest(folder: Path = FOLDER) -> Path:
    """The result of the last day; of several of one day, the one written last.

    Raises FileNotFoundError where none has all that is needed.
    """
    found = [path for path in folder.glob("*.json") if measured(path).keys() >= NEEDED]
    if not found:
        raise FileNotFoundError(f"no whole result ({', '.join(sorted(NEEDED))}) in {folder}")
    return max(found, key=lambda path: (path.name[:10], path.stat().st_mtime))


def measured(path: Path) -> Medians:
    """The product's medians in a result, workload by workload."""
    medians: dict[str, dict[str, Any]] = json.loads(path.read_text())["medians"]
    return {name: stacks["moderado"] for name, stacks in medians.items() if "moderado" in stacks}


def read(path: Path) -> Costs:
    """What the result says that each step costs. Raises KeyError where a workload is missing."""
    result = measured(path)
    alone = awake(result)
    crowd, room, backlog = (_seconds(result[name]) for name in ("w2", "w2-one-room", "w6"))
    called = table.CALL * table.CALLS_W1
    hear = Line(HEAR, max(table.HEAR_ALL * crowd["web"] - HEAR / W2.judged, 0.0))
    store, write = _web(
        (alone["web"] - called) / table.COLD_WEB,
        crowd["web"],
        result["w3"]["cpu_us_web"] / 1e6 * W3.sockets,
        hear,
    )
    single = result["w3-2000"]["cpu_us_web"] / 1e6 - alone["web"] / table.LARGE
    judge = _batch(crowd["worker"], room["worker"], backlog["worker"])
    store_there, judge_there = _there(*(each["postgres"] for each in (crowd, room, backlog)))
    return Costs(
        store=store,
        hear=hear,
        write=write,
        woken=max(single - write, 0.0),
        judge=judge,
        store_there=store_there,
        judge_there=judge_there,
        aside=_aside(backlog, 1 / result["w6"]["messages_per_s"]),
        count=_line(
            (1, alone["valkey"] / table.COLD_VALKEY - published(1, 1)),
            (W2.stored, crowd["valkey"] - published(W2.judged, 1) / W2.judged),
        ),
        cold={
            "web": table.COLD_WEB,
            "valkey": table.COLD_VALKEY,
            "worker": (alone["worker"] - called) / judge.of(1, 1),
            "postgres": alone["postgres"] / (store_there.of(1) + judge_there.of(1, 1)),
        },
    )


def awake(result: Medians) -> dict[str, float]:
    """CPU seconds of a message of W1, without what the server spends while nobody talks."""
    idle = result["w4"]["idle_cpu_share"] * 1000 / RATE_W1
    kept = max(1 - idle / result["w1"]["cpu_ms"], 0.0)
    return {name: seconds * kept for name, seconds in _seconds(result["w1"]).items()}


def _seconds(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: figures[f"cpu_ms_{name}"] / 1000 for name in PARTS}


def _line(few: tuple[float, float], many: tuple[float, float]) -> Line:
    """Through what a message costs among few and among many; nothing costs less than 0."""
    (small, one), (large, other) = few, many
    fixed = min(max((one - other) / (1 / small - 1 / large), 0.0), one * small)
    return Line(fixed, one - fixed / small)


def _there(crowd: float, room: float, backlog: float) -> tuple[Line, Batch]:
    """What storing and what judging costs PostgreSQL. W6 has nothing of the former."""
    storing = crowd * table.STORE
    fixed = storing * W2.stored * table.STORE_FIXED
    judging = _batch(crowd - storing, room - storing, backlog)
    return Line(fixed, storing * (1 - table.STORE_FIXED)), judging


def _batch(crowd: float, room: float, backlog: float) -> Batch:
    """By what a message costs in W2, in its one room, and in W6: of the batches there it is known
    how many messages and rooms they have. Nothing costs less than 0."""
    of_room = max((crowd - room) * W2.judged / (W2.rooms - 1), 0.0)
    rooms, size = table.ROOMS_W6, table.LARGEST
    rest = _line(
        (W2.judged, crowd - of_room * W2.rooms / W2.judged),
        (size, backlog - of_room * rooms / size),
    )
    return Batch(rest.fixed, of_room, rest.each)


def _web(one: float, many: float, crowd: float, hear: Line) -> tuple[Line, float]:
    """A store and a write, by what a message costs in W1, W2 and W3. Each is known once the other
    is, so they are approached in turn."""
    write = 0.0
    for _ in range(50):
        store = _line(
            (1, one - _hearing(W1, hear, write)), (W2.stored, many - _hearing(W2, hear, write))
        )
        written = crowd - store.of(W3.stored) / W3.stored - _hearing(W3, hear, 0.0)
        write = max(written * W3.judged / W3.sockets, 0.0)
    return store, write


def _hearing(seen: Seen, hear: Line, write: float) -> float:
    """What a message costs the web once it is judged: one write to each socket of its room."""
    writing = seen.rooms * seen.sockets * write / seen.judged
    return hear.of(seen.judged) / seen.judged + writing + seen.sockets * table.LINE


def _aside(backlog: Mapping[str, float], clock: float) -> float:
    """In W6 one worker judges batch after batch. What it and PostgreSQL spend on a message beyond
    the `clock` was spent beside it."""
    waiting = (2 * EXCHANGES * table.WAKE + table.FLUSH) / table.LARGEST
    beside = backlog["worker"] * (1 - table.TOLD) + backlog["postgres"] + waiting - clock
    return min(max(beside / backlog["postgres"], 0.0), 0.5)
