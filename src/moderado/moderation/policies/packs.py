"""The lists of the product, as policies name them."""

import re

from django.utils.translation import gettext as _

from moderado.moderation.rules import pack


def groups_of(name: str) -> tuple[str, frozenset[str]]:
    """Return the pack of `NAME` or `NAME/PART`, and its groups that are meant.

    A part is a category or a group.

    Raises:
        ValueError: There is no such pack or part.
    """
    whole, _separator, part = name.partition("/")
    if whole not in pack.available():
        known = ", ".join(each for each in pack.available() if "/" not in each)
        raise ValueError(_("There is no such list. There are: %(known)s.") % {"known": known})
    rules = pack.load(whole).rules
    groups = frozenset(re.split("/", rule.id, maxsplit=1)[0] for rule in rules)
    if not part:
        return whole, groups
    if part in groups:
        return whole, frozenset({part})
    found = frozenset(rule.id.partition("/")[0] for rule in rules if rule.category.value == part)
    if not found:
        sentence = _("The list %(name)s has no category or group “%(part)s”.")
        raise ValueError(sentence % {"name": whole, "part": part})
    return whole, found
