"""Daily call budgets of providers, counted exactly across all workers."""

from django.db import connection

from moderado.core.database import require_transaction

# One statement, so that no other worker counts between read and write. The day is the database's.
_TAKE = """
    INSERT INTO moderation_providerbudget AS budget (provider, day, calls, granted)
    VALUES (%(provider)s, (statement_timestamp() AT TIME ZONE 'UTC')::date,
            least(%(wanted)s, %(cap)s), least(%(wanted)s, %(cap)s))
    ON CONFLICT (provider, day) DO UPDATE
       SET calls = budget.calls + greatest(0, least(%(wanted)s, %(cap)s - budget.calls)),
           granted = greatest(0, least(%(wanted)s, %(cap)s - budget.calls))
    RETURNING granted
"""


def take(provider: str, *, cap: int, wanted: int) -> int:
    """Spend up to `wanted` calls of today's budget. Requires a transaction.

    Calls that are not reserved after all are given back with its rollback.

    Args:
        provider: The provider's name.
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
