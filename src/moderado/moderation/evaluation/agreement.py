"""How far two judges of the same texts agree, and whether one may take the other's place.

Pure: the services read the pairs. Texts count as *hidden* if they are held or blocked.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderado.moderation.statistics import (
    BOOTSTRAP_ROUNDS,
    Interval,
    bootstrap,
    kappa,
    mcnemar,
    wilson,
)
from moderado.moderation.types import Outcome

MIN_PAIRS = 300
MIN_RULED = 50  # pairs on which a person has ruled
MARGIN = 0.02  # the share of errors by which a shadow may be worse at most, with 95 % confidence
MAX_FAILED = 0.02  # share of texts without an opinion
_MAX_DRAWS = 1_000_000  # of a bootstrap: rows times rounds

_HIDDEN = frozenset({Outcome.HOLD, Outcome.BLOCK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two verdicts on one revision.

    Attributes:
        deciding: The verdict in force.
        shadow: The verdict that is compared.
        deciding_categories: What the first one found.
        shadow_categories: What the other one found.
        is_bad: What a person ruled: True to hide it. None: no ruling.
        weight: How many texts a ruling stands for.
        latency: Seconds of the shadow.
        cost: Of the shadow.
    """

    deciding: Outcome
    shadow: Outcome
    deciding_categories: frozenset[str] = frozenset()
    shadow_categories: frozenset[str] = frozenset()
    is_bad: bool | None = None
    weight: float = 1.0
    latency: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A condition of the promotion gate."""

    name: str
    value: float | None  # None: unknown
    limit: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What the pairs say. Undefined numbers are None."""

    pairs: int
    failures: Mapping[str, int]
    agreed: Interval | None
    kappa: float | None  # of hidden or shown
    kappa_of_outcomes: float | None
    mcnemar: Mapping[str, float]
    categories: Mapping[str, Mapping[str, int]]
    latency: Mapping[str, float]
    cost: Mapping[str, float]
    rulings: Mapping[str, Any]
    checks: Sequence[Check] = field(default_factory=tuple)

    @property
    def may_be_promoted(self) -> bool:
        """Whether every condition of the gate is met."""
        return all(each.passed for each in self.checks)


def agreement(pairs: Sequence[Pair], failures: Mapping[str, int]) -> Agreement:
    """Compare the verdicts.

    Args:
        pairs: The texts on which both judges had an opinion.
        failures: How often the shadow had none, by error.
    """
    deciding = [each.deciding in _HIDDEN for each in pairs]
    shadow = [each.shadow in _HIDDEN for each in pairs]
    same = sum(one == other for one, other in zip(deciding, shadow, strict=True))
    disagreements = mcnemar(deciding, shadow)
    rulings = _rulings([each for each in pairs if each.is_bad is not None])
    failed = sum(failures.values())
    return Agreement(
        pairs=len(pairs),
        failures=dict(failures),
        agreed=wilson(same, len(pairs)) if pairs else None,
        kappa=_known(kappa(deciding, shadow)) if pairs else None,
        kappa_of_outcomes=_known(
            kappa([each.deciding for each in pairs], [each.shadow for each in pairs])
        )
        if pairs
        else None,
        mcnemar={
            "only_deciding": disagreements.only_first,
            "only_shadow": disagreements.only_second,
            "p_value": disagreements.p_value,
        },
        categories=_categories(pairs),
        latency=percentiles([each.latency for each in pairs]),
        cost=_cost([each.cost for each in pairs]),
        rulings=rulings,
        checks=_gate(len(pairs), failed, rulings),
    )


def _gate(pairs: int, failed: int, rulings: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return the conditions of a promotion: enough evidence, and not worse."""
    share = failed / (pairs + failed) if pairs + failed else 0.0
    difference: Interval | None = rulings["difference"]
    worst = difference.high if difference else None
    return (
        Check(name="pairs", value=pairs, limit=MIN_PAIRS, passed=pairs >= MIN_PAIRS),
        Check(
            name="rulings",
            value=rulings["pairs"],
            limit=MIN_RULED,
            passed=rulings["pairs"] >= MIN_RULED,
        ),
        Check(
            name="errors",
            value=worst,
            limit=MARGIN,
            passed=worst is not None and worst <= MARGIN,
        ),
        Check(name="failures", value=share, limit=MAX_FAILED, passed=share <= MAX_FAILED),
    )


def _rulings(ruled: Sequence[Pair]) -> dict[str, Any]:
    """Return how often each judge hid what a person shows, or showed what a person hides."""
    rows = [
        (
            each.weight,
            (each.deciding in _HIDDEN) != each.is_bad,
            (each.shadow in _HIDDEN) != each.is_bad,
        )
        for each in ruled
    ]
    wrong = mcnemar([deciding for _, deciding, _ in rows], [shadow for _, _, shadow in rows])
    rounds = min(BOOTSTRAP_ROUNDS, _MAX_DRAWS // len(rows)) if rows else 0
    return {
        "pairs": len(rows),
        "deciding_errors": _share(rows, 1),
        "shadow_errors": _share(rows, 2),
        "difference": bootstrap(rows, _difference, rounds=rounds) if rows else None,
        "mcnemar": {
            "only_deciding": wrong.only_first,
            "only_shadow": wrong.only_second,
            "p_value": wrong.p_value,
        },
    }


def _difference(rows: Sequence[tuple[float, bool, bool]]) -> float:
    """Return the share of errors of the shadow, less that of the deciding judge."""
    whole = math.fsum(weight for weight, _, _ in rows)
    return math.fsum(weight * (shadow - deciding) for weight, deciding, shadow in rows) / whole


def _share(rows: Sequence[tuple[float, bool, bool]], column: int) -> float | None:
    whole = math.fsum(row[0] for row in rows)
    return math.fsum(row[0] * row[column] for row in rows) / whole if whole else None


def _categories(pairs: Iterable[Pair]) -> dict[str, dict[str, int]]:
    both: Counter[str] = Counter()
    deciding: Counter[str] = Counter()
    shadow: Counter[str] = Counter()
    for each in pairs:
        both.update(each.deciding_categories & each.shadow_categories)
        deciding.update(each.deciding_categories - each.shadow_categories)
        shadow.update(each.shadow_categories - each.deciding_categories)
    return {
        name: {"both": both[name], "only_deciding": deciding[name], "only_shadow": shadow[name]}
        for name in sorted(both.keys() | deciding.keys() | shadow.keys())
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile; empty without values."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {
        "p50": ordered[len(ordered) // 2],
        "p95": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
    }


def is_hidden(outcome: str) -> bool:
    """Tell whether others do not see a text with this outcome."""
    return outcome in _HIDDEN


def kappa_of_counts(table: Mapping[tuple[bool, bool], int]) -> float | None:
    """Return Cohen's kappa of a table of two answers; None if chance explains all."""
    total = sum(table.values())
    agreed = table.get((True, True), 0) + table.get((False, False), 0)
    ones = sum(count for (one, _), count in table.items() if one)
    others = sum(count for (_, other), count in table.items() if other)
    expected = ones * others + (total - ones) * (total - others)
    whole = total * total
    return (total * agreed - expected) / (whole - expected) if expected != whole else None


def _cost(costs: Sequence[float]) -> dict[str, float]:
    total = math.fsum(costs)
    return {"total": total, "mean": total / len(costs)} if costs else {}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
