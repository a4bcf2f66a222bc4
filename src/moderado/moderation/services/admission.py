"""Which reserved calls may be made: the provider's health and its budgets decide.

Calls of a shadow are counted apart: its failures and its spending never keep a call from deciding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from moderado.moderation.models import ProviderCall
from moderado.moderation.providers.base import ConfiguredProvider, bound_of
from moderado.moderation.services import budgets, health
from moderado.moderation.services.health import Health
from moderado.moderation.types import Content, Failure, Fault

BREAKER_OPEN = "breaker_open"
RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True)
class Call:
    """A reserved call. `content` carries its idempotency key.

    `bound` and `day`: the highest cost, and the day on whose budget it is counted.
    """

    id: UUID
    configured: ConfiguredProvider
    content: Content
    is_probe: bool = False  # decides whether the breaker closes
    purpose: str = ProviderCall.Purpose.DECIDE
    bound: Decimal | None = None
    day: date | None = None

    @property
    def account(self) -> str:
        return budgets.account(self.configured.name, self.purpose)


def admit(
    calls: Sequence[Call], fresh: Mapping[UUID, ProviderCall], purpose: str
) -> dict[UUID, Call | Failure]:
    """Return, by id, which calls may be made, and the failure of the others.

    Args:
        calls: The calls.
        fresh: The rows of those that are new: a repeated one was counted before.
        purpose: What they are for.
    """
    settled: dict[UUID, Call | Failure] = {call.id: call for call in calls}
    names = sorted({call.account for call in calls})
    states = health.read(names) if names else {}
    # Sorted by name: all workers lock the rows in the same order.
    for name in names:
        theirs = [call for call in calls if call.account == name]
        allowed = _admitted_by_health(name, theirs, states.get(name), settled)
        counted = [call for call in allowed if call.id in fresh]
        # Policies may give one provider different budgets.
        for budget in dict.fromkeys(call.configured.budget for call in counted):
            same = [call for call in counted if call.configured.budget == budget]
            if budget.is_weighed:
                _weigh(same, fresh, purpose, settled)
            elif budget.calls_per_day is not None:
                granted = budgets.take(name, cap=budget.calls_per_day, wanted=len(same))
                _refuse(same[granted:], budgets.CALLS_SPENT, settled)
    return settled


def _weigh(
    calls: Sequence[Call],
    fresh: Mapping[UUID, ProviderCall],
    purpose: str,
    settled: dict[UUID, Call | Failure],
) -> None:
    """Count calls by what they may take at most; refuse those that exceed a budget."""
    configured = calls[0].configured
    bounds = [bound_of(configured, call.content) for call in calls]
    day, refusals = budgets.take_weighed(
        configured.name, purpose, budget=configured.budget, bounds=bounds
    )
    for call, bound, refusal in zip(calls, bounds, refusals, strict=True):
        if refusal is not None:
            _refuse([call], refusal, settled)
            continue
        row = fresh[call.id]
        row.bound, row.budget_day = bound.cost, day
        admitted = settled[call.id]
        assert isinstance(admitted, Call), "not refused so far"
        settled[call.id] = replace(admitted, bound=bound.cost, day=day)


def _admitted_by_health(
    name: str,
    calls: Sequence[Call],
    state: Health | None,
    settled: dict[UUID, Call | Failure],
) -> Sequence[Call]:
    """Return the calls that the provider's health allows: all, none, or the probe."""
    if state is None:
        return calls
    if state.is_open:
        tries = state.is_due and not state.rest and health.claim_probe(name)
        probe = calls[:1] if tries else ()
        settled |= {call.id: replace(call, is_probe=True) for call in probe}
        _refuse(calls[len(probe) :], BREAKER_OPEN, settled)
        return probe
    if state.rest:
        _refuse(calls, RATE_LIMITED, settled, retry_after=state.rest)
        return ()
    return calls


def _refuse(
    calls: Iterable[Call],
    error: str,
    settled: dict[UUID, Call | Failure],
    *,
    retry_after: float | None = None,
) -> None:
    for call in calls:
        settled[call.id] = Failure(
            provider=call.configured.name,
            error=error,
            fault=Fault.NOT_ASKED,
            retry_after=retry_after,
        )
