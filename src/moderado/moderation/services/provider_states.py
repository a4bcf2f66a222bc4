"""The state of each configured provider: health, budgets, time, agreement of its shadows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count

from moderado.core import clock
from moderado.moderation import registry
from moderado.moderation.evaluation.agreement import is_hidden, kappa_of_counts, percentiles
from moderado.moderation.models import ProviderBudget, ProviderCall, ProviderHealth, ShadowResult
from moderado.moderation.restricted_cases import unrestricted_results
from moderado.moderation.services.budgets import account

RECENT_CALLS = 1_000  # of all providers, whose times are read
AGREEMENT_PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the calls of a day took from the budgets that are set."""

    day: str
    calls: int = 0
    tokens: int = 0  # of the last minute with a call
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowAgreement:
    """How far the provider agrees, as a shadow of a policy, with the verdicts in force."""

    policy: str
    pairs: int
    kappa: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """A configured provider. `breaker` is `closed` or `open`."""

    name: str
    is_remote: bool
    breaker: str = "closed"
    open_until: datetime | None = None
    rests_until: datetime | None = None
    recent_failures: int = 0
    spent: Spent | None = None
    shadow_spent: Spent | None = None
    latency: Mapping[str, float] = field(default_factory=dict)
    agreement: Sequence[ShadowAgreement] = ()


def provider_states() -> list[ProviderState]:
    """Return the configured providers, in order."""
    health = ProviderHealth.objects.in_bulk()
    today = clock.estimated().date()
    spent = {
        row.provider: Spent(day=str(row.day), calls=row.calls, tokens=row.tokens, cost=row.cost)
        for row in ProviderBudget.objects.filter(day=today)
    }
    latencies, agreements = _latencies(), _agreements()
    states = []
    for configured in registry.configured_providers():
        name = configured.name
        known = health.get(name)
        states.append(
            ProviderState(
                name=name,
                is_remote=configured.provider.remote,
                breaker="open" if known and known.open_until else "closed",
                open_until=known.open_until if known else None,
                rests_until=known.rests_until if known else None,
                recent_failures=known.outcomes.bit_count() if known else 0,
                spent=spent.get(name),
                shadow_spent=spent.get(account(name, ProviderCall.Purpose.SHADOW)),
                latency=latencies.get(name, {}),
                agreement=agreements.get(name, ()),
            )
        )
    return states


def _latencies() -> dict[str, dict[str, float]]:
    """Return the median time and the 95th percentile of recent answers, in seconds."""
    newest = ProviderCall.objects.order_by("-id")[:RECENT_CALLS]
    rows = newest.values_list("provider", "state", "created_at", "settled_at")
    seconds: dict[str, list[float]] = {}
    for provider, state, created_at, settled_at in rows:
        if state == ProviderCall.State.ANSWERED and settled_at is not None:
            seconds.setdefault(provider, []).append((settled_at - created_at).total_seconds())
    return {name: percentiles(found) for name, found in seconds.items()}


def _agreements() -> dict[str, list[ShadowAgreement]]:
    results = ShadowResult.objects.filter(
        created_at__gte=clock.estimated() - AGREEMENT_PERIOD, error=""
    ).exclude(provider="")
    counted = (
        unrestricted_results(results)
        .values_list("provider", "policy", "decided", "outcome")
        .annotate(Count("id"))
    )
    tables: dict[tuple[str, str], dict[tuple[bool, bool], int]] = {}
    for provider, policy, decided, outcome, count in counted.order_by():
        table = tables.setdefault((provider, policy), {})
        cell = is_hidden(decided), is_hidden(outcome)
        table[cell] = table.get(cell, 0) + count
    found: dict[str, list[ShadowAgreement]] = {}
    for (provider, policy), table in sorted(tables.items()):
        found.setdefault(provider, []).append(
            ShadowAgreement(policy=policy, pairs=sum(table.values()), kappa=kappa_of_counts(table))
        )
    return found
