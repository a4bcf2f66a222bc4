"""The attributes of the Perspective API, in terms of the canonical categories."""

from collections.abc import Mapping

from moderado.moderation.types import Category

# The categories behind each attribute. The highest score counts.
ATTRIBUTES: Mapping[str, tuple[Category, ...]] = {
    "TOXICITY": (
        Category.PROFANITY,
        Category.INSULT,
        Category.HARASSMENT,
        Category.HATE,
        Category.SEXUAL,
        Category.VIOLENCE,
        Category.THREAT,
        Category.CHILD_SAFETY,
        Category.EXTREMISM,
    ),
    "SEVERE_TOXICITY": (
        Category.HATE,
        Category.THREAT,
        Category.CHILD_SAFETY,
        Category.EXTREMISM,
    ),
    "IDENTITY_ATTACK": (Category.HATE,),
    "INSULT": (Category.INSULT, Category.HARASSMENT),
    "PROFANITY": (Category.PROFANITY,),
    "THREAT": (Category.THREAT, Category.VIOLENCE),
    "SEXUALLY_EXPLICIT": (Category.SEXUAL,),
    "SPAM": (Category.SPAM, Category.SCAM),
}
EXPERIMENTAL = "_EXPERIMENTAL"  # names of earlier models, which clients still send


def categories_of(attribute: str) -> tuple[Category, ...]:
    """Return the categories behind an attribute; none if it is unknown."""
    return ATTRIBUTES.get(attribute.removesuffix(EXPERIMENTAL), ())
