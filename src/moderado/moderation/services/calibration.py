"""Suggests thresholds from rulings, blind cases and the labels of other systems.

Rulings weigh what they stand for (`services.rulings`). A label of another system is not a sample
of the texts of this server, and weighs as one text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from moderado.core.errors import Invalid
from moderado.moderation.attributes import categories_of
from moderado.moderation.errors import TooFewBlindRulings, TooFewRulings
from moderado.moderation.evaluation.calibration import Label, Suggestion, needed, suggest
from moderado.moderation.models import ModerationLog, SuggestedScore
from moderado.moderation.policies.compile import Runtime
from moderado.moderation.services.judging import NO_FACTS, chain_of, content_of
from moderado.moderation.services.policy_lookup import runtime
from moderado.moderation.services.rulings import Ruling, weighted_rulings
from moderado.moderation.services.screening import judge
from moderado.moderation.signals import decode
from moderado.moderation.types import Category, Signal

WANTED = 0.01  # the false-hold rate, unless another one is asked for
MAX_SUGGESTED = 5_000  # labels of other systems, the newest ones
MIN_SAMPLED = 50  # rulings on blind cases, if there are rulings at all
BATCH = 200
BAD = 0.5  # the suggested score from which on a text is bad


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRequest:
    """What to calibrate.

    Attributes:
        policy: The name of a policy; None: the one of the server.
        rate: The false-hold rate.
        since: Rulings on cases from then on.
        until: Rulings on cases before then.
        room: Rulings of one room.
        with_suggested: Whether labels of other systems count, too.
    """

    policy: str | None = None
    rate: float = WANTED
    since: datetime | None = None
    until: datetime | None = None
    room: UUID | None = None
    with_suggested: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Suggested thresholds, and what they rest on."""

    policy: str
    rate: float
    rulings: int
    sampled: int  # of the rulings: on blind cases of allowed texts
    suggested: int  # labels of other systems
    suggestions: Sequence[Suggestion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labelled scores by category, and where they come from."""

    compiled: Runtime
    rulings: int
    sampled: int
    suggested: int
    by_category: Mapping[Category, Sequence[Label]]

    @property
    def categories(self) -> list[Category]:
        return [each for each in Category if each in self.by_category]

    def suggestion(self, category: Category, rate: float) -> Suggestion:
        """Return the suggested threshold of a category."""
        row = self.compiled.policy.threshold(category)
        return suggest(
            category.value,
            self.by_category[category],
            wanted=rate,
            current=row.hold if row else None,
        )

    def summary(self, rate: float, found: Sequence[Suggestion]) -> Calibration:
        """Return the suggestions with what they rest on."""
        return Calibration(
            policy=self.compiled.policy.name,
            rate=rate,
            rulings=self.rulings,
            sampled=self.sampled,
            suggested=self.suggested,
            suggestions=found,
        )


def calibrate(request: CalibrationRequest) -> Calibration:
    """Suggest a threshold for each category that was scored.

    Raises:
        Invalid: The rate is not within 0..1.
        NotFound, PolicyNotEnabled: There is no such policy in force.
        TooFewRulings: There are too few labels for every category, or too few on blind cases.
    """
    labels = read_labels(request)
    found = [labels.suggestion(each, request.rate) for each in labels.categories]
    check_rows([suggestion_json(each) for each in found], request.rate)
    return labels.summary(request.rate, found)


def read_labels(request: CalibrationRequest) -> Labels:
    """Return what people ruled and other systems suggested. Raises like `calibrate`."""
    if not 0 < request.rate < 1:
        raise Invalid(fields={"rate": "0 < rate < 1"})
    compiled = runtime(chain_of(request.policy))
    rulings = weighted_rulings(since=request.since, until=request.until, scope_id=request.room)
    sampled = sum(each.is_sampled for each in rulings)
    if rulings and sampled < MIN_SAMPLED:
        raise TooFewBlindRulings(found=sampled, needed=MIN_SAMPLED)
    labels: dict[Category, list[Label]] = {}
    for scores, is_bad, weight in _ruled(rulings):
        _add(labels, scores, is_bad=is_bad, weight=weight)
    suggested = 0
    for scores, is_bad in _suggested(compiled) if request.with_suggested else ():
        suggested += 1
        _add(labels, scores, is_bad=is_bad, weight=1.0)
    return Labels(
        compiled=compiled,
        rulings=len(rulings),
        sampled=sampled,
        suggested=suggested,
        by_category=labels,
    )


def check_rows(rows: Sequence[Mapping[str, Any]], rate: float) -> None:
    """Raise TooFewRulings if no category had labels enough: of `suggestion_json`."""
    if not any(row["has_enough"] for row in rows):
        most = max((int(row["effective"]) for row in rows), default=0)
        raise TooFewRulings(found=most, needed=needed(rate))


def as_json(found: Calibration) -> dict[str, Any]:
    """Return a calibration as JSON."""
    return {
        "policy": found.policy,
        "rate": found.rate,
        "rulings": found.rulings,
        "sampled": found.sampled,
        "suggested": found.suggested,
        "categories": [suggestion_json(each) for each in found.suggestions],
    }


def suggestion_json(each: Suggestion) -> dict[str, Any]:
    """Return a suggestion as JSON."""
    return {
        "category": each.category,
        "good": each.good,
        "bad": each.bad,
        "effective": round(each.effective, 1),
        "needed": each.needed,
        "current": each.current,
        "current_rate": each.current_rate,
        "threshold": each.threshold._asdict() if each.threshold else None,
        "rate": each.rate,
        "recall": each.recall,
        "has_enough": each.has_enough,
    }


def _ruled(rulings: Sequence[Ruling]) -> Iterator[tuple[Mapping[Category, float], bool, float]]:
    """Yield the scores behind each ruling: those of the last verdict on its revision."""
    for start in range(0, len(rulings), BATCH):
        batch = rulings[start : start + BATCH]
        lines = ModerationLog.objects.filter(
            subject_id__in={each.subject_id for each in batch}, actor=None
        )
        signals = {
            (subject_id, revision): stored
            for subject_id, revision, stored in lines.order_by("created_at", "id").values_list(
                "subject_id", "revision", "signals"
            )
        }
        for each in batch:
            stored = signals.get((each.subject_id, each.revision), {})
            scores = _highest(decode(name, numbers) for name, numbers in stored.items())
            yield scores, each.is_bad, each.weight


def _suggested(compiled: Runtime) -> Iterator[tuple[Mapping[Category, float], bool]]:
    """Yield the scores of texts that other systems labelled, by the local providers of today.

    A text is bad if one of its labels is. Its label speaks for the categories of those labels.
    """
    rows = list(SuggestedScore.objects.order_by("-created_at", "-id")[:MAX_SUGGESTED])
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        verdicts = judge([content_of(row.text, NO_FACTS) for row in batch], compiled)
        for row, verdict in zip(batch, verdicts, strict=True):
            is_bad = any(value >= BAD for value in row.scores.values())
            named = {
                category
                for attribute, value in row.scores.items()
                if (value >= BAD) == is_bad
                for category in categories_of(attribute)
            }
            scores = _highest(verdict.signals)
            yield {name: score for name, score in scores.items() if name in named}, is_bad


def _highest(signals: Iterable[Signal]) -> dict[Category, float]:
    scores: dict[Category, float] = {}
    for signal in signals:
        for category, score in signal.scores.items():
            scores[category] = max(score, scores.get(category, 0.0))
    return scores


def _add(
    labels: dict[Category, list[Label]],
    scores: Mapping[Category, float],
    *,
    is_bad: bool,
    weight: float,
) -> None:
    for category, score in scores.items():
        labels.setdefault(category, []).append(Label(score, is_bad, weight))
