"""Budgets of providers, counted exactly across all workers: calls, tokens and money.

A call is counted before it is made, with the most that it may cost. The answer corrects the cost;
a call whose outcome stays unknown keeps its bound. The clock is the database's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F

from moderado.core.database import require_transaction
from moderado.moderation.models import ProviderBudget, ProviderCall
from moderado.moderation.providers.base import Bound, Budget

CALLS_SPENT = "budget_spent"
TOKENS_SPENT = "token_budget_spent"
COST_SPENT = "cost_budget_spent"

_TODAY = "(statement_timestamp() AT TIME ZONE 'UTC')::date"
# One statement, so that no other worker counts between read and write. The day is the database's.
_TAKE = f"""
    INSERT INTO moderation_providerbudget AS budget (provider, day, calls, granted)
    VALUES (%(provider)s, {_TODAY}, least(%(wanted)s, %(cap)s), least(%(wanted)s, %(cap)s))
    ON CONFLICT (provider, day) DO UPDATE
       SET calls = budget.calls + greatest(0, least(%(wanted)s, %(cap)s - budget.calls)),
           granted = greatest(0, least(%(wanted)s, %(cap)s - budget.calls))
    RETURNING granted
"""  # noqa: S608  (a constant of this module)
# The window already reached this minute, or the next one while this statement waited for the lock.
_CURRENT = "budget.minute - excluded.minute BETWEEN interval '0' AND interval '1 minute'"
# Locks the row of the day until the reservation commits, and moves the window of tokens on. What
# the minute before took counts by the share of it that lies within the last 60 s. The first minute
# of a day follows the last one of the day before.
_LOCK = f"""
    INSERT INTO moderation_providerbudget AS budget (provider, day, calls, minute, tokens_before)
    VALUES (%(provider)s, {_TODAY}, 0, date_trunc('minute', statement_timestamp()), coalesce((
        SELECT tokens FROM moderation_providerbudget
         WHERE provider = %(provider)s AND day = {_TODAY} - 1
           AND minute = date_trunc('minute', statement_timestamp()) - interval '1 minute'), 0))
    ON CONFLICT (provider, day) DO UPDATE
       SET minute = CASE WHEN {_CURRENT} THEN budget.minute ELSE excluded.minute END,
           tokens = CASE WHEN {_CURRENT} THEN budget.tokens ELSE 0 END,
           tokens_before = CASE WHEN {_CURRENT} THEN budget.tokens_before
               WHEN budget.minute IS NULL THEN excluded.tokens_before
               WHEN budget.minute = excluded.minute - interval '1 minute' THEN budget.tokens
               ELSE 0 END
    RETURNING day, calls, cost, tokens + tokens_before
        * (1 - greatest(0, extract(epoch FROM statement_timestamp() - minute) / 60.0))
"""  # noqa: S608  (likewise)
# What the ledger says of a day on which no cost was counted yet.
_PAID = f"""
    SELECT coalesce(sum(CASE state WHEN 'answered' THEN cost::numeric WHEN 'failed' THEN 0
                        ELSE coalesce(bound, 0) END), 0)
      FROM moderation_providercall
     WHERE provider = %(name)s AND purpose = %(purpose)s
       AND created_at >= {_TODAY}::timestamp AT TIME ZONE 'UTC'
"""  # noqa: S608  (likewise)


@dataclass(slots=True)
class _Row:
    """What is spent, with what this reservation adds to it."""

    day: date
    calls: int
    cost: Decimal
    tokens: Decimal
    new_calls: int = 0
    new_tokens: int = 0
    new_cost: Decimal = Decimal(0)

    def refusal(self, budget: Budget, bound: Bound) -> str | None:
        """Return which limit one more call would exceed, or count it and return None."""
        if budget.calls_per_day is not None and self.calls + self.new_calls >= budget.calls_per_day:
            return CALLS_SPENT
        tokens = self.tokens + self.new_tokens + bound.tokens
        if budget.tokens_per_minute is not None and tokens > budget.tokens_per_minute:
            return TOKENS_SPENT
        cost = self.cost + self.new_cost + bound.cost
        if budget.cost_per_day is not None and cost > budget.cost_per_day:
            return COST_SPENT
        self.new_calls += 1
        self.new_tokens += bound.tokens
        self.new_cost += bound.cost
        return None


def account(provider: str, purpose: str) -> str:
    """Return the name under which a provider's calls are counted: shadow calls have their own."""
    return provider if purpose == ProviderCall.Purpose.DECIDE else f"{purpose}:{provider}"


def take(provider: str, *, cap: int, wanted: int) -> int:
    """Spend up to `wanted` calls of today's budget. Requires a transaction.

    Calls that are not reserved after all are given back with its rollback.

    Args:
        provider: The provider's account.
        cap: Calls a day (UTC).
        wanted: Calls to spend.

    Returns:
        How many calls are allowed: 0 to `wanted`.
    """
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"provider": provider, "cap": cap, "wanted": wanted})
        (granted,) = cursor.fetchone()
    return int(granted)


def take_weighed(
    provider: str, purpose: str, *, budget: Budget, bounds: Sequence[Bound]
) -> tuple[date, list[str | None]]:
    """Spend what calls may take at most, in order. Requires a transaction.

    What is not reserved after all is given back with its rollback.

    Args:
        provider: The provider.
        purpose: What the calls are for.
        budget: Its limits.
        bounds: What each call takes at most.

    Returns:
        The day on which they are counted, and for each call why it is refused, or None.
    """
    require_transaction()
    name = account(provider, purpose)
    values: dict[str, Any] = {"provider": name, "name": provider, "purpose": purpose}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        day, calls, cost, tokens = cursor.fetchone()
        if cost is None:
            cursor.execute(_PAID, values)
            (cost,) = cursor.fetchone()
    row = _Row(day, calls, cost, tokens)
    refusals = [row.refusal(budget, bound) for bound in bounds]
    ProviderBudget.objects.filter(provider=name, day=day).update(
        calls=F("calls") + row.new_calls,
        tokens=F("tokens") + row.new_tokens,
        cost=cost + row.new_cost,
    )
    return day, refusals


def correct(account: str, day: date, by: Decimal) -> None:
    """Add to the cost of a day the difference between what calls cost and their bounds."""
    ProviderBudget.objects.filter(provider=account, day=day).update(cost=F("cost") + by)
