"""What is measured, one class a workload."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.harness.figures import Figures
from benchmarks.stacks.base import Stack


@dataclass(frozen=True, slots=True)
class Scale:
    """1 for figures; less to see that everything works."""

    time: float = 1.0
    size: float = 1.0

    def seconds(self, wanted: float) -> float:
        return max(wanted * self.time, 1.0)

    def count(self, wanted: int) -> int:
        return max(round(wanted * self.size), 20)


class Workload(ABC):
    """`columns` are the figures that belong in a table, with their headings; others are kept in
    the JSON alone. Workloads of one `sitting` share a start of each stack."""

    name: ClassVar[str]
    title: ClassVar[str]
    sitting: ClassVar[str]
    stacks: ClassVar[tuple[str, ...]]  # the first one is compared with each of the others
    columns: ClassVar[Mapping[str, str]]
    rounds: ClassVar[int | None] = None  # None: as many as were asked for

    @abstractmethod
    def measure(self, stack: Stack, scale: Scale) -> Figures:
        """One round."""

    @contextmanager
    def surroundings(self) -> Iterator[Mapping[str, str]]:
        """What the stack needs around it: the environment that tells it so."""
        yield {}
