"""Reports how far shadows agree with what decided, and whether one may take its place."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from moderado.core import clock
from moderado.moderation.evaluation.agreement import Agreement, Pair, agreement
from moderado.moderation.models import ShadowResult
from moderado.moderation.restricted_cases import unrestricted_results
from moderado.moderation.services.rulings import Ruling, weighted_rulings
from moderado.moderation.types import Outcome

PERIOD = timedelta(days=30)
MAX_RESULTS = 50_000  # of one shadow, the newest ones

_COLUMNS = (
    "subject_id", "revision", "decided", "decided_categories", "outcome", "categories", "error",
    "latency", "cost",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """What was found about one shadow of a policy."""

    policy: str
    provider: str
    version: str
    first: datetime
    last: datetime
    found: Agreement


def shadow_reports(
    *,
    policy: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[ShadowReport]:
    """Return a report for each shadow with results in a period; by default, the last 30 days.

    Results under an earlier version of the policy are another comparison: they count only until
    the newest version has some. Texts that are about danger to children are left out: reports are
    for all who evaluate (ADR 0087).
    """
    since = since or clock.estimated() - PERIOD
    rulings = _rulings(since)
    return [
        _report(_results(each, since, until), rulings)
        for each in shadows_within(policy, since, until)
    ]


def report_of(
    shadow: tuple[str, str, str], *, since: datetime, until: datetime | None
) -> ShadowReport:
    """Return the report of one shadow: its policy, provider and version."""
    return _report(_results(shadow, since, until), _rulings(since))


def shadows_within(
    policy: str | None, since: datetime, until: datetime | None
) -> list[tuple[str, str, str]]:
    """Return policy, provider and version of each shadow with results in a period."""
    results = _within(since, until)
    if policy is not None:
        results = results.filter(policy=policy)
    names = ("policy", "provider", "version")
    return list(results.order_by(*names).values_list(*names).distinct())


def _results(
    shadow: tuple[str, str, str], since: datetime, until: datetime | None
) -> "QuerySet[ShadowResult]":
    policy, provider, version = shadow
    return _within(since, until).filter(policy=policy, provider=provider, version=version)


def _within(since: datetime, until: datetime | None) -> "QuerySet[ShadowResult]":
    results = unrestricted_results(ShadowResult.objects.filter(created_at__gte=since))
    return results if until is None else results.filter(created_at__lt=until)


def _rulings(since: datetime) -> dict[tuple[Any, int], Ruling]:
    found = weighted_rulings(since=since)
    return {(each.subject_id, each.revision): each for each in found}


def _report(
    results: "QuerySet[ShadowResult]", rulings: dict[tuple[Any, int], Ruling]
) -> ShadowReport:
    newest = results.order_by("-created_at", "-id")
    last = newest[:1].get()
    same = newest.filter(policy_version=last.policy_version)
    pairs: list[Pair] = []
    failures: Counter[str] = Counter()
    for row in same.values_list(*_COLUMNS)[:MAX_RESULTS]:
        if row[6]:
            failures[row[6]] += 1
        else:
            pairs.append(_pair(row, rulings.get(row[:2])))
    return ShadowReport(
        policy=last.policy,
        provider=last.provider,
        version=last.version,
        first=same.reverse()[:1].get().created_at,
        last=last.created_at,
        found=agreement(pairs, failures),
    )


def _pair(row: tuple[Any, ...], ruling: Ruling | None) -> Pair:
    _, _, decided, decided_categories, outcome, categories, _, latency, cost = row
    return Pair(
        deciding=Outcome(decided),
        shadow=Outcome(outcome),
        deciding_categories=frozenset(decided_categories),
        shadow_categories=frozenset(categories),
        is_bad=ruling.is_bad if ruling else None,
        weight=ruling.weight if ruling else 1.0,
        latency=latency,
        cost=cost,
    )


def as_json(report: ShadowReport) -> dict[str, Any]:
    """Return a report as JSON."""
    found = report.found
    rulings = dict(found.rulings)
    if rulings["difference"] is not None:
        rulings["difference"] = rulings["difference"]._asdict()
    return {
        "policy": report.policy,
        "provider": report.provider or None,
        "version": int(report.version) if report.version else None,
        "since": report.first.isoformat(),
        "until": report.last.isoformat(),
        "pairs": found.pairs,
        "failures": dict(found.failures),
        "agreed": found.agreed._asdict() if found.agreed else None,
        "kappa": found.kappa,
        "kappa_of_outcomes": found.kappa_of_outcomes,
        "mcnemar": dict(found.mcnemar),
        "categories": {name: dict(counts) for name, counts in found.categories.items()},
        "latency": dict(found.latency),
        "cost": dict(found.cost),
        "rulings": rulings,
        "gate": {
            "passed": found.may_be_promoted,
            "checks": [
                {
                    "name": each.name,
                    "value": each.value,
                    "limit": each.limit,
                    "passed": each.passed,
                }
                for each in found.checks
            ],
        },
    }
