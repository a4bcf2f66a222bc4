"""Opens cases for what people point at. Machine verdicts open theirs in the same statement.

Lock order: the subject, its cases, then rooms (ADR 0038).
"""

from collections.abc import Collection
from uuid import UUID

from moderado.core.database import require_transaction
from moderado.enforcement.models import CaseExclusion
from moderado.enforcement.selectors.parties import moderators_of_room
from moderado.enforcement.services.fairness import exclude_from_case
from moderado.enforcement.services.subject_locks import lock_subject
from moderado.enforcement.types import ROOM
from moderado.moderation.models import Case
from moderado.moderation.recommendations import priority_of
from moderado.moderation.services.opening import store


def open_or_join(  # noqa: PLR0913  (what a case consists of)
    *,
    subject_type: str,
    subject_id: UUID,
    revision: int,
    scope_id: UUID | None,
    author_id: UUID | None,
    origin: Case.Origin,
    categories: Collection[str],
    text: str,
    score: float = 0.0,
    reporter_id: UUID | None = None,
    decider_id: UUID | None = None,
) -> Case:
    """Return the open case of a subject; open one if there is none.

    Requires a transaction. It locks the subject, so call it before locking cases or rooms.

    Args:
        subject_type: Kind of subject: `message`, a kind of name, or `types.PERSON`, `types.ROOM`.
        subject_id: The subject.
        revision: Of a text; 1 for subjects without revisions.
        scope_id: The room whose moderators decide; None for the staff of the server.
        author_id: Who wrote the text or is the subject, and may not decide.
        origin: What points at the subject now.
        categories: What the subject is accused of.
        text: A copy of the text, for moderators; empty for subjects without text.
        score: 0..1, orders the queue. An open case keeps the highest one.
        reporter_id: Who reported the subject, and may not decide.
        decider_id: Whose ruling is appealed, and who may not decide.
    """
    require_transaction()
    lock_subject(subject_type=subject_type, subject_id=subject_id)
    case = Case(
        subject_type=subject_type,
        subject_id=subject_id,
        revision=revision,
        scope_id=scope_id,
        author_id=author_id,
        origin=origin,
        categories=sorted(categories),
        text=text,
        score=score,
        priority=priority_of(categories),
    )
    store([case])
    found = _open_case(case)
    reasons = CaseExclusion.Reason
    for user_id, reason in ((reporter_id, reasons.REPORTER), (decider_id, reasons.DECIDER)):
        if user_id is not None:
            is_new = found.pk == case.pk
            exclude_from_case(case=found, user_id=user_id, reason=reason, is_new=is_new)
    if subject_type == ROOM:  # who gives the role up to decide remains a party
        for user_id in moderators_of_room(subject_id):
            exclude_from_case(case=found, user_id=user_id, reason=reasons.RAN_ROOM)
    return found


def _open_case(about: Case) -> Case:
    return Case.objects.get(
        subject_type=about.subject_type,
        subject_id=about.subject_id,
        revision=about.revision,
        state=Case.State.OPEN,
    )
