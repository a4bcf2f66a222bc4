"""Says in the active language what became of an appeal."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderado.enforcement.types import AppealOutcome, DecisionType
from moderado.moderation.categories import category_name
from moderado.moderation.category_rules import CATEGORY_RULES

_APPEALS: Mapping[str, Promise] = {
    AppealOutcome.UPHELD: gettext_lazy(
        "Another person has looked at your appeal: the decision stands."
    ),
    AppealOutcome.OVERTURNED: gettext_lazy(
        "Another person has looked at your appeal: the decision was reversed."
    ),
    AppealOutcome.ENDED: gettext_lazy(
        "Your appeal has ended: what it is about was changed or deleted before a decision."
    ),
}
# For decisions of machines.
_APPEALS_OF_VERDICTS: Mapping[str, Promise] = {
    AppealOutcome.UPHELD: gettext_lazy("A person has looked at your appeal: the decision stands."),
    AppealOutcome.OVERTURNED: gettext_lazy(
        "A person has looked at your appeal: the decision was reversed."
    ),
}


def appeal_statement(
    outcome: str | None, decision_type: str, reason: str = "", *, by_another: bool = True
) -> str:
    """Return what became of an appeal; empty until it is decided.

    Args:
        outcome: Of the appeal.
        decision_type: What was appealed: of a verdict, no person had decided before.
        reason: A category is named where it is what the text was found to be. Other words are for
            staff.
        by_another: Whether another person than the first decider has decided it.
    """
    if not outcome:
        return ""
    if outcome == AppealOutcome.OVERTURNED and not by_another:
        return _("Your appeal has ended: the moderation has taken the decision back.")
    is_verdict = decision_type == DecisionType.VERDICT
    of_verdict = _APPEALS_OF_VERDICTS.get(outcome) if is_verdict else None
    sentence = str(of_verdict or _APPEALS[outcome])
    blames = (
        AppealOutcome.OVERTURNED if decision_type == DecisionType.REPORT else AppealOutcome.UPHELD
    )
    named = _("Reason: %s.") % category_name(reason)
    is_named = outcome == blames and reason in CATEGORY_RULES
    return f"{sentence} {named}" if is_named else sentence
