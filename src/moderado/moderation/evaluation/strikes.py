"""The strikes and sanctions that automatic verdicts would have given. Pure.

As enforcement counts them: points of one person, policy and room within the window of the policy,
and what the thresholds lead to. Strikes from before the window, and those that people give, are
not counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from moderado.moderation.policies.strikes import StrikeRules

MOST_PEOPLE = (
    5_000  # whose points are added up, for each of the two; of others, strikes alone count
)
MOST_POINTS = 50  # of the histogram; more are counted there

_Person = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """What a verdict that blocks gives its author, under the strikes of a policy."""

    author: UUID
    scope: UUID | None
    policy: str
    rules: StrikeRules
    category: str
    at: datetime

    @property
    def points(self) -> int:
        return self.rules.weight(self.category)


class Record:
    """The strikes under one policy, in the order of their time.

    Args:
        state: JSON of an earlier step.
    """

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._number = state.get("number", 0)
        self._sanctions = Counter(state.get("sanctions", {}))
        self._people: dict[str, _Person] = {
            key: {**each} for key, each in state.get("people", {}).items()
        }
        self._left_out = state.get("left_out", 0)

    def add(self, strike: Strike) -> None:
        """Count a strike and what it leads to."""
        self._number += 1
        key = f"{strike.author} {strike.scope} {strike.policy}"
        if key not in self._people and len(self._people) >= MOST_PEOPLE:
            self._left_out += 1
            return
        person = self._people.setdefault(key, {"most": 0, "strikes": [], "until": {}})
        at = strike.at.timestamp()
        oldest = at - strike.rules.window.total_seconds()
        kept = [each for each in person["strikes"] if each[0] > oldest]
        person["strikes"] = [*kept, [at, strike.points]]
        points = sum(each[1] for each in person["strikes"])
        person["most"] = max(person["most"], points)
        if strike.points:
            self._lead(person, strike, points, at)

    def _lead(self, person: _Person, strike: Strike, points: int, at: float) -> None:
        """Count the sanctions of the thresholds that are reached, as enforcement does."""
        reached = [each for each in strike.rules.thresholds if each.points <= points]
        due = [each for each in reached if each.points > points - strike.points]
        if reached and not due and not _lasts(person, reached[-1].points, at):
            due = reached[-1:]
        for each in due:
            self._sanctions[each.sanction] += 1
            end = None if each.term is None else at + each.term.total_seconds()
            person["until"][str(each.points)] = end

    def state(self) -> dict[str, Any]:
        return {
            "number": self._number,
            "sanctions": self._sanctions,
            "people": self._people,
            "left_out": self._left_out,
        }

    def results(self) -> dict[str, Any]:
        """Return the number of strikes, of people by their most points, and of sanctions."""
        most = Counter(min(each["most"], MOST_POINTS) for each in self._people.values())
        return {
            "strikes": self._number,
            "points": {str(points): most[points] for points in sorted(most)},
            "sanctions": dict(sorted(self._sanctions.items())),
            "not_added_up": self._left_out,
        }


def _lasts(person: _Person, threshold: int, at: float) -> bool:
    """Tell whether the sanction of a threshold is in force."""
    if str(threshold) not in person["until"]:
        return False
    end = person["until"][str(threshold)]
    return end is None or end > at
