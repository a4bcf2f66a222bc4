"""Which action a page should offer first for a text. A recommendation, never a decision."""

from collections.abc import Iterable
from enum import StrEnum

from moderado.moderation.types import Category


class Action(StrEnum):
    """What a moderator should consider first."""

    ALLOW = "allow"
    BLOCK = "block"
    SUPPORT = "support"  # offer the author help; approving or rejecting comes second
    SANCTION = "sanction"  # a measure against the person: there is no text to remove
    REVIEW = "review"  # no category was found: read the text before anything else


# The first category of this list that a case has decides.
_FIRST_ACTIONS = (
    (Category.SELF_HARM, Action.SUPPORT),
    (Category.CHILD_SAFETY, Action.BLOCK),
    (Category.THREAT, Action.BLOCK),
    (Category.EXTREMISM, Action.BLOCK),
    (Category.VIOLENCE, Action.BLOCK),
    (Category.HATE, Action.BLOCK),
    (Category.SEXUAL, Action.BLOCK),
    (Category.ILLICIT, Action.BLOCK),
    (Category.PERSONAL_DATA, Action.BLOCK),
    (Category.HARASSMENT, Action.BLOCK),
    (Category.INSULT, Action.BLOCK),
    (Category.SCAM, Action.BLOCK),
    (Category.SPAM, Action.BLOCK),
    (Category.PROFANITY, Action.ALLOW),
)
assert {category for category, _ in _FIRST_ACTIONS} == set(Category)


def recommended_action(categories: Iterable[str]) -> Action:
    """Return the action to offer first for a text with these categories."""
    found = set(categories)
    return next((action for category, action in _FIRST_ACTIONS if category in found), Action.REVIEW)


URGENT = 2
_URGENT = frozenset({Category.CHILD_SAFETY, Category.SELF_HARM, Category.THREAT})


def priority_of(categories: Iterable[str]) -> int:
    """Return the priority of a case: `URGENT` where a person may be in danger, else 0."""
    return URGENT if not _URGENT.isdisjoint(categories) else 0
