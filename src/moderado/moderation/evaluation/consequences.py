"""What would have followed from another policy: cases, queue, cost, exposure, strikes. Pure.

Each consequence is a small counter of the same shape (`Consequence`). A further one is a class here
and an entry in `CONSEQUENCES`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from moderado.core.ids import time_of
from moderado.moderation.evaluation.past import PastDecision
from moderado.moderation.evaluation.strikes import Record, Strike
from moderado.moderation.types import Outcome

HOUR, DAY = "hour", "day"
MOST_HOURS = timedelta(days=62)  # a longer window is counted by day, which bounds the results
_QUEUED = (Outcome.FLAG, Outcome.HOLD)
_SHOWN = (Outcome.ALLOW, Outcome.FLAG)
_UUID7 = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A past decision with the outcome of the other policy.

    Attributes:
        decision: What was decided.
        outcome: What the other policy says.
        cost: Of the stored answers that the other policy would have paid for.
        ruling: What a person ruled later, and when.
        strikes: What the decision gave its author, and what the other policy would give.
    """

    decision: PastDecision
    outcome: Outcome
    cost: float = 0.0
    ruling: tuple[Outcome, datetime] | None = None
    strikes: tuple[Strike | None, Strike | None] = (None, None)


class Consequence(Protocol):
    """Counts one kind of consequence. `state` is JSON from which another process continues."""

    name: str

    def __init__(self, state: Mapping[str, Any]) -> None: ...

    def add(self, judged: Judged) -> None: ...

    def state(self) -> Mapping[str, Any]: ...

    def results(self) -> Mapping[str, Any]: ...


class Cases:
    """Cases that are opened: texts that are flagged or held, in all and by hour."""

    name = "cases"

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._unit = state.get("unit", HOUR)
        self._counts = Counter(state.get("counts", {}))
        self._opened = {
            at: list(pair) for at, pair in state.get("opened", {}).items()
        }  # before and after, by the beginning of the hour

    def add(self, judged: Judged) -> None:
        before, after = judged.decision.outcome, judged.outcome
        pair = None
        for place, outcome in enumerate((before, after)):
            if outcome in _QUEUED:
                self._counts[f"{outcome.value.lower()}_{('before', 'after')[place]}"] += 1
                at = bucket(judged.decision.created_at, self._unit)
                pair = pair or self._opened.setdefault(at, [0, 0])
                pair[place] += 1

    def state(self) -> dict[str, Any]:
        return {"unit": self._unit, "counts": self._counts, "opened": self._opened}

    def results(self) -> dict[str, Any]:
        return {
            "before": {name: self._counts[f"{name}_before"] for name in ("flag", "hold")},
            "after": {name: self._counts[f"{name}_after"] for name in ("flag", "hold")},
        }

    def queue(
        self, decided: Mapping[str, int], closed: Mapping[str, int], waiting: int
    ) -> dict[str, Any]:
        """Return the length of the queue by hour, with the decisions that moderators made.

        Args:
            decided: Cases that people decided, by the beginning of the hour.
            closed: Cases that ended without a decision, such as those of deleted texts.
            waiting: Cases that were open at the beginning of the window.
        """
        lengths = [waiting, waiting]
        hours = []
        for at in sorted({*self._opened, *decided, *closed}):
            opened = self._opened.get(at, (0, 0))
            lengths = [
                max(0, length + new - decided.get(at, 0) - closed.get(at, 0))
                for length, new in zip(lengths, opened, strict=True)
            ]
            hours.append(
                {
                    "at": at,
                    "opened_before": opened[0],
                    "opened_after": opened[1],
                    "decided": decided.get(at, 0),
                    "closed": closed.get(at, 0),
                    "length_before": lengths[0],
                    "length_after": lengths[1],
                }
            )
        return {
            "unit": self._unit,
            "waiting": waiting,
            "longest_before": max((each["length_before"] for each in hours), default=waiting),
            "longest_after": max((each["length_after"] for each in hours), default=waiting),
            "hours": hours,
        }


class Cost:
    """What remote answers cost. Answers that are not stored are counted by the backtest."""

    name = "cost"

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._before = state.get("before", 0.0)
        self._after = state.get("after", 0.0)

    def add(self, judged: Judged) -> None:
        self._before += judged.decision.cost
        self._after += judged.cost

    def state(self) -> dict[str, Any]:
        return {"before": self._before, "after": self._after}

    def results(self) -> dict[str, Any]:
        return {"before": round(self._before, 6), "after": round(self._after, 6)}


class Exposure:
    """Seconds for which others could see what was blocked later, by a person or the policy.

    Only first revisions whose id tells when they were posted are counted. How many people read a
    text at that time is not recorded.
    """

    name = "exposure"

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._counts: Counter[str] = Counter(state)

    def add(self, judged: Judged) -> None:
        decision = judged.decision
        posted = posted_at(decision.subject_id) if decision.revision == 1 else None
        if posted is None or not decision.mode:
            return
        for name, outcome in (("before", decision.outcome), ("after", judged.outcome)):
            seconds = _exposed(decision, outcome, posted, judged.ruling)
            if seconds > 0:
                self._counts[f"texts_{name}"] += 1
                self._counts[f"milliseconds_{name}"] += round(seconds * 1000)

    def state(self) -> dict[str, int]:
        return dict(self._counts)

    def results(self) -> dict[str, Any]:
        return {
            name: {
                "texts": self._counts[f"texts_{name}"],
                "seconds": self._counts[f"milliseconds_{name}"] / 1000,
            }
            for name in ("before", "after")
        }


class Strikes:
    """Strikes of automatic verdicts, people by their points, and the sanctions they lead to."""

    name = "strikes"

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._records = {time: Record(state.get(time, {})) for time in ("before", "after")}

    def add(self, judged: Judged) -> None:
        for record, strike in zip(self._records.values(), judged.strikes, strict=True):
            if strike is not None:
                record.add(strike)

    def state(self) -> dict[str, Any]:
        return {time: record.state() for time, record in self._records.items()}

    def results(self) -> dict[str, Any]:
        return {time: record.results() for time, record in self._records.items()}


CONSEQUENCES: Sequence[type[Consequence]] = (Cases, Cost, Exposure, Strikes)


def _exposed(
    decision: PastDecision,
    outcome: Outcome,
    posted: datetime,
    ruling: tuple[Outcome, datetime] | None,
) -> float:
    """Return the seconds from the first moment when others saw the text until it was blocked."""
    seen_from = posted if decision.was_shown else decision.created_at
    if outcome is Outcome.BLOCK:
        return (decision.created_at - seen_from).total_seconds()
    if ruling is None or ruling[0] is not Outcome.BLOCK:
        return 0.0
    until = ruling[1] if outcome in _SHOWN else decision.created_at
    return (until - seen_from).total_seconds()


def posted_at(subject_id: UUID) -> datetime | None:
    """Return the moment in an id of version 7; None for other ids."""
    if subject_id.version != _UUID7:
        return None
    return time_of(subject_id)


def bucket(moment: datetime, unit: str) -> str:
    """Return the beginning of the hour or of the day, as text."""
    whole = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return (whole.replace(hour=0) if unit == DAY else whole).isoformat()
