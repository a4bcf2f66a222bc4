"""Statistics of verdicts and scores, without dependencies. Tests compare them with libraries."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

Z_95 = 1.959963984540054  # the normal quantile of a two-sided 95 % interval
BOOTSTRAP_ROUNDS = 1_000
BINS = 10

T = TypeVar("T")


class Interval(NamedTuple):
    """An estimate with its 95 % confidence interval."""

    value: float
    low: float
    high: float


class McNemar(NamedTuple):
    """Disagreements in each direction, and the exact two-sided p-value."""

    only_first: int
    only_second: int
    p_value: float


def wilson(hits: int, total: int) -> Interval:
    """Return a proportion with its Wilson score interval (Wilson 1927); 0..1 without data."""
    if not total:
        return Interval(math.nan, 0.0, 1.0)
    share, z2 = hits / total, Z_95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    half = Z_95 * spread / (1 + z2 / total)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def bootstrap(
    rows: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    rounds: int = BOOTSTRAP_ROUNDS,
    seed: int = 1,
) -> Interval:
    """Return a statistic with its percentile bootstrap interval (Efron 1979), reproducibly.

    Rounds whose statistic is undefined (NaN), such as an AUC without positives, are left out.
    """
    chance = random.Random(seed)  # noqa: S311  (a sample, no secret)
    drawn = (statistic(chance.choices(rows, k=len(rows))) for _ in range(rounds if rows else 0))
    found = sorted(value for value in drawn if not math.isnan(value))
    if not found:
        return Interval(math.nan, math.nan, math.nan)
    return Interval(statistic(rows), _quantile(found, 0.025), _quantile(found, 0.975))


def auc(labels: Sequence[int], scores: Sequence[float]) -> float:
    """Return the area under the ROC curve by ranks, ties at half (Mann and Whitney 1947)."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        return math.nan
    ranks, start = 0.0, 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        tied = sum(labels[each] for each in order[start:end])
        ranks += tied * (start + end + 1) / 2
        start = end
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def calibration_error(labels: Sequence[int], scores: Sequence[float], bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal width (Naeini et al. 2015)."""
    counts, hits, sums = [0] * bins, [0] * bins, [0.0] * bins
    for label, score in zip(labels, scores, strict=True):
        place = min(bins - 1, int(score * bins))
        counts[place] += 1
        hits[place] += label
        sums[place] += score
    gaps = (abs(hit - total) for hit, total in zip(hits, sums, strict=True))
    return math.fsum(gaps) / len(labels) if labels else math.nan


def kappa(first: Sequence[object], second: Sequence[object]) -> float:
    """Return Cohen's kappa: agreement beyond chance (Cohen 1960); NaN if chance explains all."""
    total = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True))
    ones, others = Counter(first), Counter(second)
    expected = sum(count * others[each] for each, count in ones.items())
    if expected == total * total:
        return math.nan
    return (total * agreed - expected) / (total * total - expected)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> McNemar:
    """Test whether two judges of the same contents say yes equally often (McNemar 1947).

    The p-value is exact: a two-sided binomial test of the disagreements.
    """
    pairs = Counter(zip(first, second, strict=True))
    one, other = pairs[True, False], pairs[False, True]
    total = one + other
    tail = sum(math.comb(total, count) for count in range(min(one, other) + 1))
    return McNemar(one, other, min(1.0, tail / 2 ** (total - 1)) if total else 1.0)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile, linear between neighbours."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
