"""Appeals as their appellants see them."""

from moderado.enforcement.appeal_statements import appeal_statement
from moderado.enforcement.models import Appeal
from moderado.enforcement.views import AppealView


def appeal_view(appeal: Appeal) -> AppealView:
    """Return an appeal as its appellant sees it."""
    is_told = appeal.told_at is not None
    return AppealView(
        id=appeal.id,
        decision=appeal.decision_id,
        decision_type=appeal.decision_type,
        text=appeal.text,
        state=appeal.shown_state,
        outcome=appeal.outcome if is_told and appeal.outcome else None,
        explanation=appeal_statement(
            appeal.outcome if is_told else None,
            appeal.decision_type,
            appeal.reason,
            by_another=appeal.decided_by_id not in {None, appeal.first_decider_id},
        ),
        public_note=appeal.public_note if is_told else "",
        created_at=appeal.created_at,
        due_at=appeal.due_at,
        decided_at=appeal.decided_at if is_told else None,
    )
