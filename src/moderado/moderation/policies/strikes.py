"""What strikes count under a policy, and what they lead to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from moderado.moderation.policies import schema
from moderado.moderation.policies.fields import ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeThreshold:
    """The sanction that so many points lead to. `term` None: without end."""

    points: int
    sanction: str
    term: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeRules:
    """The strikes of a policy.

    Attributes:
        window: How long a strike counts.
        weights: Points by category or `any`.
        thresholds: Ascending by points.
        is_machine: Whether an automatic verdict that blocks gives a strike.
    """

    window: timedelta = timedelta(days=90)
    weights: Mapping[str, int] = field(default_factory=dict)
    thresholds: Sequence[StrikeThreshold] = ()
    is_machine: bool = False

    def weight(self, category: str) -> int:
        """Return the points of a strike for this category, or for an unknown code."""
        return self.weights.get(category, self.weights.get(ANY, 1))


def strike_rules(documents: Sequence[Mapping[str, Any]]) -> StrikeRules:
    """Return the rules of the first document that has any: they replace those that it extends.

    Args:
        documents: As they are stored, the policy's own first. Only their strikes are read, so that
            a process that judges nothing compiles no list.
    """
    written = (each.get("strikes") for each in documents)
    found = next((each for each in written if each is not None), None)
    if found is None:
        return StrikeRules()
    strikes = schema.Strikes.model_validate(found)
    return StrikeRules(
        window=timedelta(days=strikes.window_days),
        weights=strikes.weights,
        thresholds=tuple(map(_threshold, strikes.thresholds)),
        is_machine=strikes.machine,
    )


def _threshold(written: schema.StrikeThreshold) -> StrikeThreshold:
    seconds = written.term_seconds
    term = None if seconds is None else timedelta(seconds=seconds)
    return StrikeThreshold(points=written.points, sanction=written.sanction, term=term)
