"""CPU and memory of process trees, from /proc.

A tree's CPU is that of its living processes and of the children that they have waited for. If a
process ends between two readings, the second one finds its CPU in its parent's account.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")

Seconds = dict[str, float]


@dataclass(frozen=True, slots=True)
class Stat:
    """A line of /proc/<pid>/stat, in seconds."""

    pid: int
    parent: int
    own: float
    reaped: float  # of children that ended and were waited for, recursively


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of an interval: wall clock, CPU by group, CPU of the load generator."""

    seconds: float
    groups: Seconds
    load: float

    @property
    def cpu(self) -> float:
        """CPU of all processes of the server."""
        return sum(self.groups.values())

    @property
    def load_share(self) -> float:
        """The load generator's share of one core. Near 1, it limited the measurement."""
        return self.load / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    at: float
    groups: Seconds
    load: float

    def until(self, later: "Reading") -> Spent:
        groups = {name: value - self.groups.get(name, 0.0) for name, value in later.groups.items()}
        return Spent(later.at - self.at, groups, later.load - self.load)


class Meter:
    """Reads CPU and memory of the trees under `roots` (group → process id)."""

    def __init__(self, roots: Callable[[], Mapping[str, int]]) -> None:
        self._roots = roots

    def read(self) -> Reading:
        stats = snapshot()
        groups = {name: cpu_of(root, stats) for name, root in self._roots().items()}
        return Reading(time.perf_counter(), groups, time.process_time())

    def memory(self) -> dict[str, int]:
        """Return bytes by group: `Pss`, which counts a page of n processes as 1/n for each."""
        stats = snapshot()
        return {
            name: sum(pss_of(pid) for pid in tree(root, stats))
            for name, root in self._roots().items()
        }


def parse_stat(text: str) -> Stat:
    """Parse /proc/<pid>/stat. The name in parentheses may contain any characters."""
    pid, _, rest = text.partition(" (")
    fields = rest.rpartition(")")[2].split()
    utime, stime, cutime, cstime = (int(field) / TICKS for field in fields[11:15])
    return Stat(int(pid), int(fields[1]), utime + stime, cutime + cstime)


def parse_pss(text: str) -> int:
    """Return the Pss in bytes, from the text of /proc/<pid>/smaps_rollup."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def snapshot() -> dict[int, Stat]:
    """Return every process of the machine, by id."""
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (text := _read(folder / "stat")):
            found[int(folder.name)] = parse_stat(text)
    return found


def tree(root: int, stats: Mapping[int, Stat]) -> Iterator[int]:
    """Yield the process and its descendants in `stats`."""
    children = defaultdict(list)
    for stat in stats.values():
        children[stat.parent].append(stat.pid)
    pending = [root] if root in stats else []
    while pending:
        pid = pending.pop()
        yield pid
        pending += children[pid]


def cpu_of(root: int, stats: Mapping[int, Stat]) -> float:
    """Return the CPU seconds of the tree so far, ended processes included."""
    return sum(stats[pid].own + stats[pid].reaped for pid in tree(root, stats))


def pss_of(pid: int) -> int:
    return parse_pss(_read(PROC / str(pid) / "smaps_rollup"))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # the process has ended
        return ""
