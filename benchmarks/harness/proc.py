"""What processes cost, as the kernel counts it: CPU and memory of whole trees.

A tree's CPU is that of every process alive in it and of all the children these have buried: what
dies between two looks is in its parent's account by the second one.
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
    buried: float  # of children that died and were waited for, theirs included


@dataclass(frozen=True, slots=True)
class Spent:
    """What a stretch of time cost: seconds on the clock, of each group's CPU, of the load's."""

    seconds: float
    groups: Seconds
    load: float

    @property
    def cpu(self) -> float:
        """Of all processes of the server together."""
        return sum(self.groups.values())

    @property
    def load_share(self) -> float:
        """Of one core: near 1, the load generator is what was measured."""
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
    """Reads what the trees under `roots` (group → process) have cost up to now."""

    def __init__(self, roots: Callable[[], Mapping[str, int]]) -> None:
        self._roots = roots

    def read(self) -> Reading:
        stats = snapshot()
        groups = {name: cpu_of(root, stats) for name, root in self._roots().items()}
        return Reading(time.perf_counter(), groups, time.process_time())

    def memory(self) -> dict[str, int]:
        """Bytes by group: `Pss`, in which a page that n processes share counts 1/n for each."""
        stats = snapshot()
        return {
            name: sum(pss_of(pid) for pid in tree(root, stats))
            for name, root in self._roots().items()
        }


def parse_stat(text: str) -> Stat:
    """One line; the name in it, in parentheses, may contain anything."""
    pid, _, rest = text.partition(" (")
    fields = rest.rpartition(")")[2].split()
    utime, stime, cutime, cstime = (int(field) / TICKS for field in fields[11:15])
    return Stat(int(pid), int(fields[1]), utime + stime, cutime + cstime)


def parse_pss(text: str) -> int:
    """Bytes, from /proc/<pid>/smaps_rollup."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def snapshot() -> dict[int, Stat]:
    """Every process there is, by its id."""
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (text := _read(folder / "stat")):
            found[int(folder.name)] = parse_stat(text)
    return found


def tree(root: int, stats: Mapping[int, Stat]) -> Iterator[int]:
    """The process and all below it, as far as they are in `stats`."""
    children = defaultdict(list)
    for stat in stats.values():
        children[stat.parent].append(stat.pid)
    waiting = [root] if root in stats else []
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children[pid]


def cpu_of(root: int, stats: Mapping[int, Stat]) -> float:
    """Seconds that the tree has cost up to now, its dead included."""
    return sum(stats[pid].own + stats[pid].buried for pid in tree(root, stats))


def pss_of(pid: int) -> int:
    return parse_pss(_read(PROC / str(pid) / "smaps_rollup"))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""
