"""What machines decided about a person's names, and verdicts that people have overturned since."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q
from django.utils import translation

from moderado.accounts.models import User
from moderado.enforcement.models import Ruling
from moderado.enforcement.selectors.refused_texts import RefusedText
from moderado.enforcement.statements import why_message_is_hidden, why_name_is_hidden
from moderado.enforcement.types import SHOWING
from moderado.moderation.models import ModerationLog, SubjectRevision
from moderado.moderation.types import Outcome, Reason

Position = tuple[datetime, UUID]  # where a page ends: newest first

_REFUSING = (Outcome.HOLD, Outcome.BLOCK)
_STATUS = SubjectRevision.Status


class OverturnedVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's verdict that a ruling has overturned. `key` is the place of the ruling."""

    line: ModerationLog
    key: Position
    explanation: str


def page_of(before: Position | None) -> Q:
    """Return the condition on rows that come after `before`, newest first."""
    if before is None:
        return Q()
    moment, last_id = before
    return Q(created_at__lt=moment) | Q(created_at=moment, id__lt=last_id)


def refused_names(
    *,
    author_id: UUID,
    before: Position | None,
    limit: int,
    subject_id: UUID | None = None,
) -> list[RefusedText]:
    """Return the names that machines hold or refused, newest first. Arguments as for messages."""
    names = SubjectRevision.objects.filter(
        page_of(before), author=author_id, status__in=(_STATUS.HELD, _STATUS.REJECTED)
    ).exclude(reason=Reason.MODERATOR)
    if subject_id is not None:
        names = names.filter(subject_id=subject_id)
    with translation.override(_language(author_id)):
        return [_name(each) for each in names.order_by("-created_at", "-id")[:limit]]


def overturned_verdicts(
    *, author_id: UUID, before: Position | None, limit: int, line: ModerationLog | None = None
) -> list[OverturnedVerdict]:
    """Return verdicts of machines that rulings have overturned, the newest ruling first.

    Args:
        author_id: The person.
        before: Time and id of the ruling after which the list goes on.
        limit: How many rulings at most.
        line: This verdict only.
    """
    reversals = Ruling.objects.filter(reverses=OuterRef("pk"), undone_at=None)
    rulings = Ruling.objects.filter(
        ~Exists(reversals), page_of(before), author=author_id, content__in=SHOWING, undone_at=None
    ).exclude(settled_at=None)
    if line is not None:
        rulings = rulings.filter(subject_id=line.subject_id, revision=line.revision)
    shown = list(rulings.order_by("-created_at", "-id")[:limit])
    lines = ModerationLog.objects.filter(
        subject_id__in=[each.subject_id for each in shown], actor=None
    )
    newest = {(each.subject_id, each.revision): each for each in lines.order_by("created_at")}
    found = []
    with translation.override(_language(author_id)):
        for ruling in shown:
            # Only the newest ruling about a text counts.
            verdict = newest.pop((ruling.subject_id, ruling.revision), None)
            if verdict is not None and verdict.verdict in _REFUSING:
                key = (ruling.created_at, ruling.id)
                found.append(
                    OverturnedVerdict(line=verdict, key=key, explanation=_explanation(verdict))
                )
    return found


def _name(row: SubjectRevision) -> RefusedText:
    return RefusedText(
        id=row.id,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        revision=row.revision,
        scope_id=row.scope_id,
        text=row.text,
        created_at=row.created_at,
        is_held=row.status == _STATUS.HELD,
        reason=row.reason,
        categories=tuple(row.categories),
        explanation=why_name_is_hidden(row.status, row.reason, row.categories),
    )


def _explanation(line: ModerationLog) -> str:
    explain = why_message_is_hidden if line.subject_type == "message" else why_name_is_hidden
    status = "HELD" if line.verdict == Outcome.HOLD else "REJECTED"
    return explain(status, line.reason, sorted(line.categories))


def _language(user_id: UUID) -> str:
    found = User.objects.filter(pk=user_id).values_list("language", flat=True).first()
    return found or translation.get_language() or ""
