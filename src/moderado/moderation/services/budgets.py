"""How many calls of a provider a day may have, counted to the last one for all workers."""

from django.db import connection

# One statement, so that nobody counts between looking and taking. The day is the database's.
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
    """How many of `wanted` calls today's budget still allows; they are spent by this."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"provider": provider, "cap": cap, "wanted": wanted})
        (granted,) = cursor.fetchone()
    return int(granted)
