"""Texts of subjects other than messages, such as names: proposed, judged and ruled on (ADR 0046).

What others see of a subject is its highest approved revision, unless a person has blocked the same
text since. The context that owns the subject stores that text: `SubjectShown` carries each change,
in the same transaction. It stores a placeholder while there is none.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.events import (
    CaseDecided,
    DecisionUndone,
    ReviewStarted,
    SubjectQueued,
    SubjectsChanging,
    SubjectShown,
)
from moderado.moderation.models import SubjectRevision
from moderado.moderation.services.blocked_texts import comparable
from moderado.moderation.services.closing import close_cases, reopen_case
from moderado.moderation.services.deciding import IS_SHOWN, WAS_SEEN, remember_before
from moderado.moderation.services.recording import record
from moderado.moderation.types import (
    SERVER,
    CloseReason,
    Content,
    Outcome,
    Reason,
    RoomFacts,
    Verdict,
)

Status = SubjectRevision.Status

OPERATOR = "operator"  # `decided_by` of a text that an operator has set
_WAITING = (Status.PENDING, Status.HELD)
_STATUS = {
    Outcome.ALLOW: Status.APPROVED,
    Outcome.FLAG: Status.APPROVED,
    Outcome.HOLD: Status.HELD,
    Outcome.BLOCK: Status.REJECTED,
}


def propose(  # noqa: PLR0913  (what a text and its subject consist of)
    *,
    subject_type: str,
    subject_id: UUID,
    text: str,
    author_id: UUID,
    shown: str | None = None,
    scope_id: UUID | None = None,
    audience: str = SERVER.audience,
) -> SubjectRevision | None:
    """Store a text that is to be judged, in place of one that still waits.

    Requires a transaction. The same text again changes nothing.

    Args:
        subject_type: The kind of subject, such as `user_name`.
        subject_id: The id of the subject.
        text: The proposed text.
        author_id: The account that proposes it.
        shown: The text that others see now; None for a placeholder.
        scope_id: Whose moderators decide; None for the staff of the server.
        audience: Whom the place that bears the name is for, of `AUDIENCES`.

    Returns:
        The revision that waits, or None if `text` is what others see already.
    """
    require_transaction()
    lock_subject(subject_type, subject_id)
    latest = _latest(subject_type, subject_id)
    if latest is not None and latest.status in _WAITING:
        if latest.text == text:
            return latest
        SubjectRevision.objects.filter(pk=latest.pk).update(
            status=Status.SUPERSEDED, queued_at=None, lease_until=None
        )
        _close_cases(latest, below=latest.revision + 1)
    if text == shown:
        return None
    if latest is None and shown is not None:  # a text from before there were revisions
        latest = _added(subject_type, subject_id, shown, 1, status=Status.APPROVED)
    row = _added(
        subject_type,
        subject_id,
        text,
        latest.revision + 1 if latest else 1,
        author_id=author_id,
        scope_id=scope_id,
        audience=audience,
        queued_at=Now(),
    )
    publish(SubjectQueued(subject_type=subject_type, subject_id=subject_id, revision=row.revision))
    return row


def set_audience(*, subject_type: str, subject_id: UUID, audience: str) -> None:
    """Have a text that waits judged for another audience of its place. Requires a transaction."""
    require_transaction()
    lock_subject(subject_type, subject_id)
    SubjectRevision.objects.filter(
        subject_type=subject_type, subject_id=subject_id, queued_at__isnull=False
    ).update(audience=audience)


def accept(
    *,
    subject_type: str,
    subject_id: UUID,
    text: str,
    actor_id: UUID | None,
    audience: str = SERVER.audience,
) -> None:
    """Show a text that an operator has set, without judging it. Requires a transaction.

    Args:
        subject_type: The kind of subject.
        subject_id: The id of the subject.
        text: The text that others see from now on.
        actor_id: The member of staff; None for a command or a script.
        audience: Whom the place that bears the name is for, of `AUDIENCES`.
    """
    require_transaction()
    lock_subject(subject_type, subject_id)
    publish(SubjectsChanging(subject_type=subject_type, subject_ids=(subject_id,)))
    latest = _latest(subject_type, subject_id)
    if latest is not None and latest.status in _WAITING:
        SubjectRevision.objects.filter(pk=latest.pk).update(
            status=Status.SUPERSEDED, queued_at=None, lease_until=None
        )
    row = _added(
        subject_type,
        subject_id,
        text,
        latest.revision + 1 if latest else 1,
        author_id=actor_id,
        audience=audience,
        status=Status.APPROVED,
    )
    allowed = Verdict(outcome=Outcome.ALLOW, decided_by=OPERATOR)
    record([(content_of(row), allowed)], actor_id=actor_id)
    _close_cases(row, below=row.revision)
    publish(SubjectShown(subject_type=subject_type, subject_id=subject_id, text=text))


def withdraw(*, subject_type: str, subject_id: UUID, reason: CloseReason) -> None:
    """End a subject: its waiting text is not judged any more, and its cases are closed.

    Requires a transaction.
    """
    require_transaction()
    lock_subject(subject_type, subject_id)
    SubjectRevision.objects.filter(
        subject_type=subject_type, subject_id=subject_id, status__in=_WAITING
    ).update(status=Status.SUPERSEDED, queued_at=None, lease_until=None)
    close_cases(subject_type=subject_type, subject_id=subject_id, reason=reason)


def apply_verdict(row: SubjectRevision, verdict: Verdict) -> None:
    """Log a verdict and store what follows from it.

    Requires a transaction that holds the lock of the subject and of the row.
    """
    require_transaction()
    record([(content_of(row), verdict)])
    categories = sorted(str(category) for category in verdict.categories)
    _decide(row, _STATUS[verdict.outcome], str(verdict.reason or ""), categories)


def on_review_started(event: ReviewStarted) -> None:
    """Lock the subject on which a moderator is about to rule, before its case is locked."""
    lock_subject(event.subject_type, event.subject_id)


def apply_ruling(event: CaseDecided) -> None:
    """Apply a moderator's ruling to the text that it names; to nothing if it is a message.

    A text that is blocked after it was replaced is not approved again by a machine.

    Raises:
        CaseSuperseded: The ruling allows a text that was replaced.
    """
    require_transaction()
    if (row := _locked_revision(event)) is None:
        return
    is_shown = _shown(row) == row
    before = {"status": row.status, "reason": row.reason, IS_SHOWN: is_shown, WAS_SEEN: is_shown}
    remember_before(case_id=event.case_id, state=before)
    if event.outcome is Outcome.BLOCK:
        _decide(row, Status.REJECTED, Reason.MODERATOR, row.categories)
    elif row.status != Status.SUPERSEDED:
        _decide(row, Status.APPROVED, "", row.categories)
    elif not event.is_reversal:
        raise CaseSuperseded(CloseReason.REPLACED)


def undo_ruling(event: DecisionUndone) -> None:
    """Restore a text as it was before the ruling. Requires a transaction: that of the undoing."""
    require_transaction()
    if (row := _locked_revision(event)) is None:
        return
    _decide(row, event.before["status"], event.before["reason"], row.categories)
    if (latest := _latest(event.subject_type, event.subject_id)) and latest != row:
        _close_cases(row, below=row.revision + 1)


def _locked_revision(event: CaseDecided | DecisionUndone) -> SubjectRevision | None:
    lock_subject(event.subject_type, event.subject_id)
    return SubjectRevision.objects.filter(
        subject_type=event.subject_type, subject_id=event.subject_id, revision=event.revision
    ).first()


def content_of(row: SubjectRevision) -> Content:
    """Return what moderation is given: the text, and whom its place is for."""
    return Content(
        subject_type=row.subject_type, subject_id=row.subject_id, revision=row.revision,
        text=row.text, scope_id=row.scope_id, author_id=row.author_id,
        room=RoomFacts(audience=row.audience),
    )  # fmt: skip


def lock_subject(subject_type: str, subject_id: UUID) -> None:
    """Lock a subject until the transaction ends, before its rows. Requires a transaction."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"{subject_type}:{subject_id}"],
        )


def _decide(row: SubjectRevision, status: str, reason: str, categories: Sequence[str]) -> None:
    before = _shown(row)
    publish(SubjectsChanging(subject_type=row.subject_type, subject_ids=(row.subject_id,)))
    SubjectRevision.objects.filter(pk=row.pk).update(
        status=status,
        reason=reason,
        categories=list(categories),
        queued_at=None,
        lease_until=None,
    )
    if (after := _shown(row)) == before:
        return
    if status == Status.APPROVED:
        _close_cases(row, below=row.revision)  # of texts that are not shown any more
    elif after is not None:  # an earlier text returns
        reopen_case(
            subject_type=row.subject_type, subject_id=row.subject_id, revision=after.revision
        )
    text = after.text if after else None
    publish(SubjectShown(subject_type=row.subject_type, subject_id=row.subject_id, text=text))


def _shown(row: SubjectRevision) -> SubjectRevision | None:
    """Return the highest approved revision, unless a person blocked the same text after it."""
    blocked = set()
    revisions = SubjectRevision.objects.filter(
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        status__in=(Status.APPROVED, Status.REJECTED),
    )
    for each in revisions.order_by("-revision"):
        if each.status == Status.APPROVED and each.text and comparable(each.text) not in blocked:
            return each  # an erased text does not return
        if each.status == Status.REJECTED and each.reason == Reason.MODERATOR:
            blocked.add(comparable(each.text))
    return None


def _latest(subject_type: str, subject_id: UUID) -> SubjectRevision | None:
    found = SubjectRevision.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return found.order_by("-revision").first()


def _added(
    subject_type: str, subject_id: UUID, text: str, revision: int, **fields: object
) -> SubjectRevision:
    return SubjectRevision.objects.create(
        subject_type=subject_type, subject_id=subject_id, text=text, revision=revision, **fields
    )


def _close_cases(row: SubjectRevision, *, below: int) -> None:
    """Close the open cases of the subject's lower revisions: these texts are not shown any more."""
    close_cases(
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        revisions=range(1, below),
        reason=CloseReason.REPLACED,
    )
