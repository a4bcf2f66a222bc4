"""Erases the texts of names and other subjects, shown or not, with their judgement (ADR 0079)."""

from uuid import UUID

from django.db import transaction

from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.moderation.models import SubjectRevision
from moderado.moderation.services.subjects import lock_subject, withdraw
from moderado.moderation.services.texts import erase_texts
from moderado.moderation.types import CloseReason

_WAITING = (SubjectRevision.Status.PENDING, SubjectRevision.Status.HELD)


def erase_subject(*, subject_type: str, subject_id: UUID) -> None:
    """Erase all texts of a subject, the shown one included. Requires a transaction.

    What others see of it is the business of its owner.
    """
    require_transaction()
    withdraw(subject_type=subject_type, subject_id=subject_id, reason=CloseReason.DELETED)
    SubjectRevision.objects.filter(subject_type=subject_type, subject_id=subject_id).exclude(
        text=""
    ).update(text="")
    erase_texts(subject_ids=[subject_id])


def keep_shown(*, subject_type: str, subject_id: UUID, text: str) -> None:
    """Store the text that others see as a revision, if no revision has it.

    Requires a transaction. The owner can then show something else: the text is not lost.
    """
    require_transaction()
    lock_subject(subject_type, subject_id)
    theirs = SubjectRevision.objects.filter(subject_type=subject_type, subject_id=subject_id)
    if theirs.filter(text=text).exists():
        return
    last = theirs.order_by("-revision").values_list("revision", flat=True).first() or 0
    SubjectRevision.objects.create(
        subject_type=subject_type,
        subject_id=subject_id,
        text=text,
        revision=last + 1,
        status=SubjectRevision.Status.SUPERSEDED,
    )


def proposed_subjects(*, subject_type: str, author_id: UUID) -> set[UUID]:
    """Return the subjects for which an account has ever proposed a text."""
    theirs = SubjectRevision.objects.filter(subject_type=subject_type, author_id=author_id)
    return set(theirs.values_list("subject_id", flat=True))


def withdraw_proposals(*, author_id: UUID) -> None:
    """End the judgement of all that an account proposed: `erase_texts` finds it then.

    Idempotent; each subject is a transaction of its own.
    """
    proposed = SubjectRevision.objects.filter(author_id=author_id, status__in=_WAITING)
    for subject_type, subject_id in set(proposed.values_list("subject_type", "subject_id")):
        _withdraw(subject_type, subject_id)


@retry_on_deadlock
@transaction.atomic
def _withdraw(subject_type: str, subject_id: UUID) -> None:
    withdraw(subject_type=subject_type, subject_id=subject_id, reason=CloseReason.DELETED)
