"""Resources that the processes hold: connections, locks, files, memory (invariant I10)."""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from tests.faults.cluster import Cluster, Process

TOLERANCE = 0.10  # of the amount before
SLACK = 12  # MiB that an allocator may keep after load
FILES = 8  # files that pooled connections open and close

_MIB = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOCKS = "SELECT count(*) FROM pg_locks WHERE NOT granted"
_OLD_TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE state LIKE 'idle in transaction%%' AND now() - state_change > interval '1 s'
"""
_CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Memory (resident, MiB) and open files of a process and its children."""

    memory: float
    files: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The resources of a cluster at one moment."""

    held: dict[str, Held]
    connections: int
    waiting_locks: int
    old_transactions: int
    waiting_messages: int


def snapshot(cluster: Cluster) -> Snapshot:
    """Measure the cluster now."""
    return Snapshot(
        held={process.name: held_by(process) for process in [*cluster.webs, *cluster.workers]},
        connections=int(cluster.postgres.value(_CONNECTIONS)),
        waiting_locks=int(cluster.postgres.value(_LOCKS)),
        old_transactions=int(cluster.postgres.value(_OLD_TRANSACTIONS)),
        waiting_messages=cluster.waiting(),
    )


def held_by(process: Process) -> Held:
    """Measure `process` and its children, restarted ones included."""
    pids = [process.pid, *process.children()]
    return Held(sum(map(_resident, pids)), sum(map(_files, pids)))


class Growth:
    """The resident memory of each process over time, also written to a file."""

    def __init__(self, cluster: Cluster, *, file: Path) -> None:
        self._cluster = cluster
        self._file = file
        self._samples: dict[str, list[tuple[float, float]]] = {}
        self._measured = 0  # times

    def measure(self) -> None:
        """Take one sample of every process."""
        now = time.monotonic()
        self._measured += 1
        for process in [*self._cluster.webs, *self._cluster.workers, *self._cluster.beats]:
            for pid in [process.pid, *process.children()]:
                self._samples.setdefault(f"{process.name}/{pid}", []).append((now, _resident(pid)))
        latest = (f"{name} {taken[-1][1]:.1f}" for name, taken in self._samples.items())
        with self._file.open("a") as file:
            file.write(f"{now:.0f} s, MiB: {', '.join(latest)}\n")

    def an_hour(self) -> dict[str, float]:
        """Return the growth of each process in MiB an hour.

        Only the last third counts: until then caches and arenas of the allocator fill, in steps,
        which `total` limits. Of it the median slope is taken (Theil-Sen estimator), which single
        peaks do not move. A child of a worker that was replaced after its tasks is limited by
        `total` alone: it did not live for the hour.
        """
        return {
            name: 3_600 * _median_slope(samples[-(len(samples) // 3) :])
            for name, samples in self._samples.items()
            if len(samples) == self._measured
        }

    def total(self) -> dict[str, float]:
        """Return how many MiB each process has grown since its first sample."""
        return {name: samples[-1][1] - samples[0][1] for name, samples in self._samples.items()}


def _median_slope(samples: Sequence[tuple[float, float]]) -> float:
    return statistics.median(
        (later - earlier) / (end - start)
        for (start, earlier), (end, later) in combinations(samples, 2)
    )


def back_to_normal(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """I10: yield a sentence for every resource that did not return to its earlier amount."""
    if after.waiting_locks or after.old_transactions or after.waiting_messages:
        yield (
            f"{after.waiting_locks} locks, {after.old_transactions} transactions and "
            f"{after.waiting_messages} messages still wait"
        )
    if after.connections > before.connections * (1 + TOLERANCE) + 2:
        yield f"{after.connections} connections to PostgreSQL, {before.connections} before"
    for name, held in after.held.items():
        was = before.held[name]
        if held.memory > was.memory * (1 + TOLERANCE) + SLACK:
            yield f"{name} holds {held.memory:.0f} MiB, {was.memory:.0f} before"
        if held.files > was.files * (1 + TOLERANCE) + FILES:
            yield f"{name} has {held.files} open files, {was.files} before"


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * _PAGE / _MIB


def _files(pid: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0
