"""The scores of a judged text by canonical category, for the categories of other vendors."""

from collections.abc import Iterable, Mapping

from moderado.moderation.types import Category, Verdict


def measured_scores(verdict: Verdict) -> dict[Category, float]:
    """Return the highest measured score of each category, whether or not a threshold is crossed."""
    scores = dict(verdict.categories)
    for signal in verdict.signals:
        for category, score in signal.scores.items():
            scores[category] = max(score, scores.get(category, 0.0))
        for match in signal.matches:
            scores[match.category] = max(match.severity, scores.get(match.category, 0.0))
    return scores


def highest(scores: Mapping[Category, float], sources: Iterable[Category]) -> float:
    """Return the highest score of some categories; 0 if none was measured."""
    return max((scores.get(source, 0.0) for source in sources), default=0.0)
