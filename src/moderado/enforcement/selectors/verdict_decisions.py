"""What machines decided about a person, standing or overturned, and deletions in rooms."""

from typing import Any
from uuid import UUID

import msgspec

from moderado.enforcement.models import Ruling
from moderado.enforcement.selectors.decision_views import decision_view
from moderado.enforcement.selectors.past_verdicts import (
    OverturnedVerdict,
    Position,
    overturned_verdicts,
    refused_names,
)
from moderado.enforcement.selectors.refused_texts import RefusedText, refused_texts_of
from moderado.enforcement.types import DecisionType
from moderado.enforcement.views import DecisionView
from moderado.moderation.models import ModerationLog
from moderado.moderation.types import Outcome

_REVISIONS = 100  # of a name, among which a decision is looked up


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about a person, with what an appeal of it needs."""

    view: DecisionView
    key: Position
    revision: int = 1
    text: str = ""
    ruling: Ruling | None = None
    decided_by: UUID | None = None


def verdicts(
    user_id: UUID, before: Position | None, limit: int, subject_id: UUID | None = None
) -> list[Decision]:
    """Automatic verdicts, placed at the time of the text that they refuse.

    Deletions by moderators of a room are among them: no record but the message has them.
    """
    asked: dict[str, Any] = {
        "author_id": user_id,
        "before": before,
        "limit": limit,
        "subject_id": subject_id,
    }
    texts = [*refused_texts_of(**asked), *refused_names(**asked)]
    deleted = [_deletion(text) for text in texts if text.is_deleted]
    texts = [text for text in texts if not text.is_deleted]
    lines = ModerationLog.objects.filter(
        subject_id__in=[text.subject_id for text in texts],
        actor=None,
        verdict__in=(Outcome.HOLD, Outcome.BLOCK),
    )
    newest = {(line.subject_id, line.revision): line for line in lines.order_by("created_at")}
    return deleted + [
        Decision(
            view=_verdict_view(line, text),
            key=(text.created_at, text.id),
            revision=text.revision,
            text=text.text,
        )
        for text in texts
        if (line := newest.get((text.subject_id, text.revision))) is not None
    ]


def _deletion(text: RefusedText) -> Decision:
    """Return the deletion of a message by a moderator of its room. Its text is gone for good."""
    view = decision_view(
        DecisionType.DELETION,
        text.id,
        subject=(text.subject_type, text.subject_id, text.scope_id),
        outcome="removed",
        reason=text.reason,
        categories=text.categories,
        decided_at=text.created_at,
        has_appeal=False,
    )
    return Decision(view=view, key=(text.created_at, text.id), revision=text.revision)


def overturned(found: OverturnedVerdict) -> Decision:
    """Return a verdict that a person has overturned: it has no effect any more."""
    line = found.line
    view = decision_view(
        DecisionType.VERDICT,
        line.id,
        by="machine",
        subject=(line.subject_type, line.subject_id, line.scope_id),
        outcome="held" if line.verdict == Outcome.HOLD else "refused",
        reason=line.reason,
        categories=tuple(sorted(line.categories)),
        explanation=found.explanation,
        decided_at=line.created_at,
        is_reversed=True,
        has_appeal=False,
    )
    return Decision(view=view, key=found.key, revision=line.revision)


def _verdict_view(line: ModerationLog, text: RefusedText) -> DecisionView:
    return decision_view(
        DecisionType.VERDICT,
        line.id,
        by="machine",
        subject=(text.subject_type, text.subject_id, text.scope_id),
        outcome="held" if text.is_held else "refused",
        reason=text.reason,
        categories=text.categories,
        explanation=text.explanation,
        decided_at=line.created_at,
    )


def verdicts_of(user_id: UUID, decision_id: UUID) -> list[Decision]:
    """Return what machines decided about the subject of a log line, and the message itself."""
    line = ModerationLog.objects.filter(pk=decision_id, actor=None).first()
    if line is None:
        return verdicts(user_id, None, 1, subject_id=decision_id)
    past = overturned_verdicts(author_id=user_id, before=None, limit=1, line=line)
    standing = verdicts(user_id, None, _REVISIONS, subject_id=line.subject_id)
    return [*standing, *map(overturned, past)]
