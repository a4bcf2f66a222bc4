"""Locks the subject of a case before the case: a message by its row, others by an advisory lock.

And a case alone, to learn whether it has ended.
"""

from uuid import UUID

from django.db import connection

from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.enforcement.types import PERSON, ROOM
from moderado.moderation.events import ReviewStarted
from moderado.moderation.models import Case

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def lock_subject(*, subject_type: str, subject_id: UUID) -> None:
    """Let no other transaction open, decide or reopen a case of the subject. Re-entrant.

    Requires a transaction that holds no lock of a case.
    """
    require_transaction()
    publish(ReviewStarted(subject_type=subject_type, subject_id=subject_id))
    if subject_type in {PERSON, ROOM}:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [f"{subject_type} {subject_id}"])


def has_ended(case_id: UUID) -> bool:
    """Tell whether a case was closed with its subject, and keep its state for the transaction.

    Requires a transaction.
    """
    require_transaction()
    locked = Case.objects.select_for_update(no_key=True).filter(pk=case_id)
    return Case.State.CLOSED in locked.values_list("state", flat=True)
