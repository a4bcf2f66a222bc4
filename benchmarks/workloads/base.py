"""The base class of workloads."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.harness.figures import Figures
from benchmarks.stacks.base import Stack


@dataclass(frozen=True, slots=True)
class Scale:
    """Factors of duration and size: 1 for figures, less for a quick check."""

    time: float = 1.0
    size: float = 1.0

    def seconds(self, wanted: float) -> float:
        return max(wanted * self.time, 1.0)

    def count(self, wanted: int) -> int:
        return max(round(wanted * self.size), 20)


class Workload(ABC):
    """What is measured.

    `columns` maps the figures of the tables to their headings; other figures are only in the JSON.
    Workloads of one `group` share a started stack.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[str]
    stacks: ClassVar[tuple[str, ...]]  # the first one is compared with each of the others
    columns: ClassVar[Mapping[str, str]]
    rounds: ClassVar[int | None] = None  # None: ROUNDS

    @abstractmethod
    def measure(self, stack: Stack, scale: Scale) -> Figures:
        """Measure one round. Return the figures by name."""

    @contextmanager
    def environment(self) -> Iterator[Mapping[str, str]]:
        """Yield the server's additional environment, with what it refers to running."""
        yield {}
