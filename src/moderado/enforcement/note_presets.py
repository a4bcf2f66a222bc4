"""Notes to authors by category, which moderators choose from."""

from django.utils import translation

from moderado.enforcement.statements import help_sentence
from moderado.moderation.category_rules import CATEGORY_RULES
from moderado.moderation.help_lines import help_lines
from moderado.moderation.types import Category


def note_presets(language: str) -> dict[str, str]:
    """Return notes to authors by category, for moderators to choose from.

    Args:
        language: That of the author, such as `pt-br`.
    """
    with translation.override(language):
        presets = {code.value: str(sentence) for code, sentence in CATEGORY_RULES.items()}
        lines = help_lines([Category.SELF_HARM.value], language)
        presets[Category.SELF_HARM.value] += f" {help_sentence(lines)}"
    return presets
