"""What each step costs, from the newest result in benchmarks/results: a part for each batch, a part
for each message in it.

Two workloads give a line. In W1 every batch is one message; W2's batches are `W2` below, and W3's
`W3`. What a result says of CPU a message is `fixed / batch + each`, so two batch sizes give both.
W1 is divided by `COLD` before: at 20 messages a second everything has slept, and costs more.

What results do not hold was measured once, on 2026-11-26, on two cores, by running W1, W2 (3, 10,
50 and 200 under way) and W3 with `pg_stat_statements` on, whose `calls` and `rows` tell how many
messages a statement had: with 3, 10, 50 and 200 under way the stores held 1.7, 5.2, 18 and 65, the
batches of the worker 1.9, 6.3, 22 and 75. One line fits all four within a tenth: the web 2.4 ms a
store and 0.16 a message, the worker 4.0 and 0.08, PostgreSQL 1.7 and 0.21. That was before web and
worker waited 2 and 3 ms for company: batches have been somewhat larger since.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.results import FOLDER


@dataclass(frozen=True, slots=True)
class Seen:
    """How large batches were on average in a workload."""

    stored: float  # messages a commit of the web
    judged: float  # messages a commit of the worker
    rooms: float  # rooms in such a commit
    sockets: float  # sockets in a room


W1 = Seen(stored=1, judged=1, rooms=1, sockets=10)
W2 = Seen(stored=18.0, judged=22.1, rooms=10.7, sockets=2.5)
W3 = Seen(stored=9.4, judged=11.6, rooms=1, sockets=500)
LARGE = 2000  # sockets of `w3-2000`

# W1's CPU a message as a multiple of what the line says of a batch of one.
COLD = {"web": 1.45, "worker": 1.35, "postgres": 1.3, "valkey": 2.2}

# Of what the worker spends on a single message (W1): being called by Celery, and each of the three
# looks into the queue. 0.9 calls and 3 looks a message there, 1.8 looks a batch in W2.
CALL, LOOK = 0.23, 0.065
LOOKS_W1, LOOKS_W2, CALLS_W1 = 3.0, 1.8, 0.92

# Of PostgreSQL's: the statement that stores (by `total_exec_time`), each look; of a batch, what is
# written under the rooms' locks; and what other processes of its do, while nobody waits for them.
STORE, LOOK_THERE, UNDER_LOCK, ASIDE = 0.3, 0.05, 0.65, 1 / 3

HEAR = 0.04e-3  # seconds: a publication, where it is made and in each process that hears it
LINE = 0.5e-6  # seconds: one more line in a write that is made anyway
# Seconds of Valkey: a publication, each connection that hears it, and each message in it for each
# of those. PUBLISH of 0.5 to 10 KB: 13 to 17 µs unheard, 27 to 30 with one, 117 to 133 with ten.
PUBLISH, HEARD, CARRIED = 15e-6, 10e-6, 0.1e-6
# Seconds: one row, with synchronous_commit on (0.25 ms) and off (0.05). Up to 5,500 a second with
# 16 connections: commits that wait share the next one.
FLUSH = 0.2e-3


@dataclass(frozen=True, slots=True)
class Line:
    """CPU seconds of a batch."""

    fixed: float
    each: float

    def of(self, messages: int) -> float:
        return self.fixed + self.each * messages

    def share(self, part: float) -> "Line":
        return Line(self.fixed * part, self.each * part)


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds, by the process that spends them; `cold` multiplies what follows a pause."""

    store: Line  # web: quota, text, statement, answers
    write: float  # web: one write to one socket, however many lines are in it
    woken: float  # web: how much more it is where the other side has slept
    call: float  # worker: a task of Celery's
    look: float  # worker: asking what waits
    judge: Line
    store_there: Line  # PostgreSQL
    look_there: float
    judge_there: Line
    count: Line  # Valkey: quotas, rings and whatever else belongs to a store
    cold: Mapping[str, float]
    source: str = ""


def published(messages: float, listeners: int) -> float:
    """What one publication costs Valkey."""
    return PUBLISH + listeners * (HEARD + messages * CARRIED)


def newest(folder: Path = FOLDER) -> Path:
    """The result of the last day; of several of one day, the one written last."""
    found = [path for path in folder.glob("*.json") if _is_whole(path)]
    if not found:
        raise FileNotFoundError(f"no whole result (W1, W2, W3) in {folder}: make bench")
    return max(found, key=lambda path: (path.name[:10], path.stat().st_mtime))


def measured(path: Path) -> dict[str, dict[str, float]]:
    """The product's medians in a result, workload by workload."""
    medians: dict[str, dict[str, Any]] = json.loads(path.read_text())["medians"]
    return {name: stacks["moderado"] for name, stacks in medians.items() if "moderado" in stacks}


def read(path: Path) -> Costs:
    """What the result says that each step costs."""
    result = measured(path)
    one = {name: result["w1"][f"cpu_ms_{name}"] / 1000 / factor for name, factor in COLD.items()}
    many = {name: result["w2"][f"cpu_ms_{name}"] / 1000 for name in COLD}
    alone = result["w1"]["cpu_ms_web"] / 1000
    store, write = _web(one["web"], many["web"], result["w3"]["cpu_us_web"] / 1e6)
    single = (result["w3-2000"]["cpu_us_web"] / 1e6) - alone / LARGE
    look = LOOK * one["worker"]
    call = CALL * one["worker"]
    judge = _line(
        one["worker"] - LOOKS_W1 * look - CALLS_W1 * call,
        many["worker"] - LOOKS_W2 * look / W2.judged,
        W2.judged,
    )
    look_there = LOOK_THERE * one["postgres"]
    rows = _line(
        one["postgres"] - LOOKS_W1 * look_there,
        many["postgres"] - LOOKS_W2 * look_there / W2.judged,
        1 / (STORE / W2.stored + (1 - STORE) / W2.judged),
    )
    told = published(W2.judged, 1) / W2.judged
    return Costs(
        store=store,
        write=write,
        woken=max(single - write - LINE, 0.0),
        call=call,
        look=look,
        judge=judge,
        store_there=rows.share(STORE),
        look_there=look_there,
        judge_there=rows.share(1 - STORE),
        count=_line(one["valkey"] - published(1, 1), many["valkey"] - told, W2.stored),
        cold=COLD,
        source=path.name,
    )


def _line(one: float, many: float, size: float) -> Line:
    """Through the cost of a message alone and of one among `size`; nothing costs less than 0."""
    fixed = min(max((one - many) / (1 - 1 / size), 0.0), one)
    return Line(fixed, one - fixed)


def _web(one: float, many: float, delivery: float) -> tuple[Line, float]:
    """A store and a write: each is known once the other is, so they are approached in turn."""
    write = 0.0
    for _ in range(50):
        store = _line(
            one - HEAR - W1.sockets * (write + LINE),
            many - (HEAR + W2.rooms * W2.sockets * write) / W2.judged - W2.sockets * LINE,
            W2.stored,
        )
        heard = delivery * W3.sockets - store.fixed / W3.stored - store.each - HEAR / W3.judged
        write = max((heard / W3.sockets - LINE) * W3.judged, 0.0)
    return store, write


def _is_whole(path: Path) -> bool:
    return {"w1", "w2", "w3", "w3-2000"} <= measured(path).keys()
