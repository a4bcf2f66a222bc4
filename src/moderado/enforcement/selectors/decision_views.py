"""The one place that builds the view of a decision, of whatever kind it is."""

from datetime import datetime
from uuid import UUID

from moderado.core import clock
from moderado.enforcement.appeal_terms import appeal_end, appeal_path
from moderado.enforcement.models import Ruling
from moderado.enforcement.types import DecisionType
from moderado.enforcement.views import DecisionView, SanctionNote
from moderado.moderation.category_rules import CATEGORY_RULES


def decision_view(  # noqa: PLR0913  (what kinds of decisions differ in)
    kind: DecisionType,
    decision_id: UUID,
    *,
    subject: tuple[str, UUID, UUID | None],
    outcome: str,
    reason: str,
    decided_at: datetime,
    is_reversed: bool = False,
    has_appeal: bool = True,
    by: str = "moderation",
    categories: tuple[str, ...] = (),
    explanation: str = "",
    public_note: str = "",
    sanctions: tuple[SanctionNote, ...] = (),
    ends_at: datetime | None = None,
    appeal_from: datetime | None = None,
) -> DecisionView:
    """Return the view of a decision as the person that it is about sees it.

    Args:
        kind: What decided.
        decision_id: Id that names the decision in paths and appeals.
        subject: Type and id of what it is about, and the id of its room.
        outcome: What happened to the subject.
        reason: Code of the reason.
        decided_at: When it was decided.
        is_reversed: It has no effect any more.
        has_appeal: Decisions of this kind and outcome can be appealed, within the window.
        by: ``moderation`` or ``machine``.
        categories: Canonical categories, of verdicts.
        explanation: Why, in words; empty where the statement of reasons is written later.
        public_note: What the moderator wrote to the person.
        sanctions: Sanctions that were imposed with it.
        ends_at: End of a sanction or suspension.
        appeal_from: Begin of the appeal window; None for `decided_at`.
    """
    until = appeal_end(appeal_from or decided_at) if has_appeal else None
    return DecisionView(
        id=decision_id,
        type=kind.value,
        by=by,
        subject_type=subject[0],
        subject=subject[1],
        room=subject[2],
        outcome=outcome,
        reason=reason,
        categories=categories,
        explanation=explanation,
        public_note=public_note,
        sanctions=sanctions,
        decided_at=decided_at,
        ends_at=ends_at,
        is_reversed=is_reversed,
        appealable=not is_reversed and until is not None and until > clock.estimated(),
        appeal_until=until,
        appeal_path=appeal_path(decision_id),
        appeal=None,
    )


def appeal_from(ruling: Ruling) -> datetime:
    """Return when the time to appeal a ruling began, which its sanctions share."""
    return max((each.appeal_from for each in ruling.sanctions.all()), default=ruling.created_at)


def reason_for_author(ruling: Ruling) -> str:
    """Return the reason that the author reads: that of a reversal is for staff.

    It is that of the ruling which holds again, or else a category that the reversal names, or that
    of what was reported.
    """
    if ruling.reverses is None:
        return ruling.reason
    if (first := ruling.reverses.reverses) is not None:
        return reason_for_author(first)
    is_named = ruling.reason in CATEGORY_RULES
    return ruling.reason if is_named else next(iter(ruling.case.categories), "")
