"""The names of categories for people: one table for explanations, API, page and admin."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderado.moderation.help_lines import without_mark
from moderado.moderation.types import Category

CATEGORY_NAMES = {
    Category.PROFANITY: gettext_lazy("swearing"),
    Category.INSULT: gettext_lazy("insults"),
    Category.HARASSMENT: gettext_lazy("harassment"),
    Category.HATE: gettext_lazy("hate against a group"),
    Category.SEXUAL: gettext_lazy("sexual content"),
    Category.VIOLENCE: gettext_lazy("violence"),
    Category.THREAT: gettext_lazy("a threat"),
    Category.SELF_HARM: gettext_lazy("self-harm"),
    Category.CHILD_SAFETY: gettext_lazy("danger to children"),
    Category.EXTREMISM: gettext_lazy("extremism"),
    Category.SPAM: gettext_lazy("spam"),
    Category.SCAM: gettext_lazy("a scam"),
    Category.PERSONAL_DATA: gettext_lazy("personal data"),
    Category.ILLICIT: gettext_lazy("something illegal"),
}


def category_name(code: str) -> str:
    """Return the name of a category in the active language; an unknown code as it is."""
    try:
        return str(CATEGORY_NAMES[Category(code)])
    except ValueError:
        return code


def category_list(codes: Iterable[str]) -> str:
    """Return the names of categories as a sentence lists them; empty for none."""
    *names, last = [category_name(code) for code in without_mark(codes)] or [""]
    if not names:
        return last
    return _("%(names)s and %(last)s") % {"names": ", ".join(names), "last": last}
