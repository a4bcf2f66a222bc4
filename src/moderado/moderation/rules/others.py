"""Tells whether a name is said of another person, in anger behind a sentence, or among friends."""

from moderado.moderation.rules.cues import BOTH
from moderado.moderation.rules.rule import Rule, Shape
from moderado.moderation.rules.surroundings import Surroundings
from moderado.moderation.types import Category, Outcome

_SWEARING = {Category.PROFANITY, Category.INSULT}
_OF_CONTEMPT = (Shape.EVERYDAY, Shape.CONTEMPT)
_NO_CONTEMPT = {"praise", "affection", "friendly", "laughter", "self_before"}
_ARTICLES = (" o ", " a ", " os ", " as ", " do ", " da ", " ao ", " pro ", " pra ", " pelo ")


def is_about(rule: Rule, around: Surroundings, cues: frozenset[str]) -> bool:
    """Tell whether a person is meant: "ele é um otário", "o otário do meu chefe", "…, otário."."""
    if rule.about is None:
        return False
    is_apart = "apart_before" in cues and around.after.startswith(" . ")
    if is_apart and rule.aimed is Outcome.BLOCK and _NO_CONTEMPT.isdisjoint(cues):
        return True
    is_owned = "about_after" in cues and around.before.endswith(_ARTICLES)
    return is_owned or "about_before" in cues


def is_banter(rule: Rule, around: Surroundings) -> bool:
    """Tell whether a rude name is said as among friends: "fala seu puto, beleza?"."""
    if rule.category not in _SWEARING:
        return False
    is_contempt = rule.shape in _OF_CONTEMPT
    return any(at.is_banter(around, is_contempt=is_contempt) for at in BOTH)
