"""The steps of an evaluation, and where in the log one stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a runner has reached.

    Attributes:
        done: Decisions read since the beginning.
        total: Decisions to read.
        state: JSON from which the runner continues, in any process.
        results: JSON for people, of what was read so far.
        is_last: Whether this is the end.
    """

    done: int
    total: int
    state: Mapping[str, Any]
    results: Mapping[str, Any]
    is_last: bool = False


class Place(NamedTuple):
    """A line of the log: reading continues after it."""

    at: datetime
    id: UUID

    def stored(self) -> list[str]:
        """Return the place as JSON."""
        return [self.at.isoformat(), str(self.id)]


def place_of(stored: list[str] | None) -> Place | None:
    """Return a stored place; None: the beginning."""
    return Place(datetime.fromisoformat(stored[0]), UUID(stored[1])) if stored else None
