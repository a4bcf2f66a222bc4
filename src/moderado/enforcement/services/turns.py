"""Slow mode: one message, then a pause. The pause begins with the transaction of the message."""

from typing import Any
from uuid import UUID

from django.db import connection
from msgspec import structs

from moderado.core.database import require_transaction
from moderado.enforcement.errors import SlowMode
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.sanctions import restriction_of
from moderado.enforcement.types import Restriction

# The row lock serializes messages that come at once: the second one finds the new time.
TAKE_TURN = """
    UPDATE {table} SET next_post_at = statement_timestamp() + %(seconds)s * interval '1 second'
     WHERE id = %(id)s AND (next_post_at IS NULL OR next_post_at <= statement_timestamp()
                            OR %(until)s::timestamptz <= statement_timestamp())
"""
WAIT = """
    SELECT ceil(extract(epoch FROM next_post_at - statement_timestamp())) FROM {table}
     WHERE id = %(id)s
"""


def take_turn(*, sanction_id: UUID) -> None:
    """Begin the pause of a person in slow mode, or refuse the message during it.

    Requires a transaction: that of the message.

    Raises:
        SlowMode: The pause is not over. `retry_after` says when it is.
    """
    require_transaction()
    sanction = Sanction.objects.get(pk=sanction_id)
    take_turn_of_row(
        "enforcement_sanction",
        sanction_id,
        seconds=sanction.interval_seconds or 0,
        restriction=restriction_of(sanction),
    )


def take_turn_of_row(table: str, row_id: UUID, *, seconds: int, restriction: Restriction) -> None:
    """Begin the pause that a row with `next_post_at` stands for.

    Requires a transaction.

    Args:
        table: The table, a constant of the caller.
        row_id: The row.
        seconds: How long the pause lasts.
        restriction: What the refusal says.

    Raises:
        SlowMode: The pause is not over.
    """
    require_transaction()
    values: dict[str, Any] = {
        "id": row_id,
        "seconds": seconds,
        "until": restriction.until,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN.format(table=table), values)
        if cursor.rowcount:
            return
        cursor.execute(WAIT.format(table=table), values)
        row = cursor.fetchone()
    if row is not None:  # else the row has just ended: the author left the room meanwhile
        raise SlowMode(structs.replace(restriction, retry_after=max(1, int(row[0]))))
