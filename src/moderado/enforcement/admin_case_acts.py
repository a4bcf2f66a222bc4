"""What a moderator may decide on the page of a case, and what keeps them from it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.core import clock
from moderado.core.errors import ApplicationError
from moderado.enforcement.recommendations import action_for
from moderado.enforcement.services.fairness import check_may_decide
from moderado.moderation.errors import CaseClosed, CaseSuperseded, CaseTaken
from moderado.moderation.models import Case
from moderado.moderation.recommendations import Action
from moderado.moderation.types import Outcome


def obstacle_to(case: Case, viewer: User) -> str:
    """Return why the viewer cannot decide the case now, or an empty text."""
    if case.state == Case.State.DECIDED:
        return str(CaseClosed())
    if case.state == Case.State.CLOSED:
        return str(CaseSuperseded(case.close_reason))
    try:
        check_may_decide(actor_id=viewer.pk, case=case)
    except ApplicationError as refusal:
        return str(refusal)
    is_claimed = case.claimed_until is not None and case.claimed_until > clock.estimated()
    return str(CaseTaken()) if is_claimed and case.claimed_by_id != viewer.pk else ""


def decision_buttons(case: Case) -> list[dict[str, Any]]:
    """Return the two decisions, named by what they do to this text, the recommended one first."""
    is_held = case.origin == Case.Origin.HOLD
    allow = _("Approve: the text is shown") if is_held else _("Approve: the text stays visible")
    block = _("Block: the text is not shown") if is_held else _("Block: the text is removed")
    first = action_for(case)
    buttons = [
        {"outcome": Outcome.ALLOW, "label": allow, "is_first": first is Action.ALLOW},
        {"outcome": Outcome.BLOCK, "label": block, "is_first": first is Action.BLOCK},
    ]
    return sorted(buttons, key=lambda button: not button["is_first"])
