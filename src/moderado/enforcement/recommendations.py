"""Which action a page should offer first for a case. A recommendation, never a decision."""

from moderado.enforcement.types import PERSON, WITHOUT_TEXT
from moderado.moderation.models import Case
from moderado.moderation.recommendations import Action, recommended_action


def action_for(case: Case) -> Action:
    """Return the action to offer first.

    Of a case without a text, as about a person or a room, there is nothing to block.
    """
    first = recommended_action(case.categories)
    if first is not Action.BLOCK or case.subject_type not in WITHOUT_TEXT:
        return first
    return Action.SANCTION if case.subject_type == PERSON else Action.REVIEW
