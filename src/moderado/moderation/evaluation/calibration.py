"""Suggests thresholds from labelled scores. Pure: the services read the labels.

The *false-hold rate* is the share of the texts that people show and a threshold would hold. Each
label stands for a number of texts (its weight, the inverse of its sampling probability: Horvitz
and Thompson 1952), since most labelled texts were not drawn at random.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from moderado.moderation.statistics import BOOTSTRAP_ROUNDS, Interval, bootstrap

MIN_GOOD = 100  # texts that people show, at least
MIN_BAD = 20  # texts that people hide
STEP = 0.001  # of suggested thresholds
_MAX_DRAWS = 1_000_000  # of a bootstrap: labels times rounds


class Label(NamedTuple):
    """The score of a text in one category, what a person decided, and what that stands for."""

    score: float
    is_bad: bool
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A threshold for one category, or why there is none.

    Attributes:
        category: The category.
        good: Labelled texts that people show.
        bad: Labelled texts that people hide.
        effective: How many equally weighted texts that people show would tell as much (Kish 1965).
        needed: How many are needed for the wanted rate.
        current: The threshold in force.
        current_rate: Its false-hold rate.
        threshold: The lowest one that keeps the wanted rate, with its interval. None: too few
            labels, or no threshold keeps it.
        rate: The false-hold rate at the threshold.
        recall: The share of the texts that people hide with at least this score.
    """

    category: str
    good: int
    bad: int
    effective: float
    needed: int
    current: float | None = None
    current_rate: float | None = None
    threshold: Interval | None = None
    rate: float | None = None
    recall: float | None = None

    @property
    def has_enough(self) -> bool:
        """Whether there were labels enough to suggest a threshold."""
        return self.effective >= self.needed and self.bad >= MIN_BAD


def suggest(
    category: str, labels: Sequence[Label], *, wanted: float, current: float | None
) -> Suggestion:
    """Suggest the lowest threshold whose false-hold rate is at most `wanted`.

    Args:
        category: The category of the scores.
        labels: The labelled scores.
        wanted: The false-hold rate, more than 0 and less than 1.
        current: The threshold in force.
    """
    good = [each for each in labels if not each.is_bad]
    bad = [each for each in labels if each.is_bad]
    found = Suggestion(
        category=category,
        good=len(good),
        bad=len(bad),
        effective=_effective(good),
        needed=needed(wanted),
        current=current,
        current_rate=None if current is None else _share(good, current),
    )
    if not found.has_enough:
        return found
    rounds = max(100, min(BOOTSTRAP_ROUNDS, _MAX_DRAWS // len(labels)))
    threshold = bootstrap(good, lambda rows: lowest_threshold(rows, wanted), rounds=rounds)
    if math.isnan(threshold.value):
        return found
    return Suggestion(
        category=category,
        good=found.good,
        bad=found.bad,
        effective=found.effective,
        needed=found.needed,
        current=current,
        current_rate=found.current_rate,
        threshold=threshold,
        rate=_share(good, threshold.value),
        recall=_share(bad, threshold.value),
    )


def needed(wanted: float) -> int:
    """Return how many texts that people show are needed for a rate.

    With fewer than three divided by the rate, none of them held would not show that the rate is
    kept (the rule of three, at 95 %).
    """
    return max(MIN_GOOD, math.ceil(3 / wanted))


def lowest_threshold(good: Sequence[Label], wanted: float) -> float:
    """Return the lowest threshold that keeps the rate, in steps of .001; NaN if none does."""
    whole = math.fsum(each.weight for each in good)
    held = 0.0
    ordered = sorted(good, key=lambda each: each.score, reverse=True)
    place = 0
    while place < len(ordered):
        score = ordered[place].score
        while place < len(ordered) and ordered[place].score == score:
            held += ordered[place].weight
            place += 1
        if held > wanted * whole:
            above = (math.floor(score / STEP + 1e-9) + 1) * STEP
            return round(above, 3) if above <= 1 else math.nan
    return STEP


def _share(labels: Sequence[Label], threshold: float) -> float | None:
    """Return the weighted share of texts with at least this score."""
    whole = math.fsum(each.weight for each in labels)
    if not whole:
        return None
    return math.fsum(each.weight for each in labels if each.score >= threshold) / whole


def _effective(labels: Sequence[Label]) -> float:
    squares = math.fsum(each.weight**2 for each in labels)
    return math.fsum(each.weight for each in labels) ** 2 / squares if squares else 0.0
