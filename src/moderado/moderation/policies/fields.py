"""The types of the fields of a policy document, and what each of them refuses."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from moderado.moderation.policies.conditions import MAX_LENGTH, condition
from moderado.moderation.policies.packs import groups_of
from moderado.moderation.policies.sentences import refused_pattern
from moderado.moderation.rules.cues import compiled
from moderado.moderation.rules.group import MAX_FORMS, TooManyForms, alternatives, rules_of
from moderado.moderation.rules.patterns import Patterns, RefusedPattern
from moderado.moderation.rules.rule import Unless, folded_word
from moderado.moderation.types import Category

MAX_TEXT = 4_000
ANY = "any"  # the row of categories without one


def _absent(value: Any) -> Any:
    """YAML is read as text: `null` and nothing are no value."""
    return None if isinstance(value, str) and value.strip() in {"", "null", "~"} else value


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError(_("Null characters are not allowed."))
    return text


def _checked_condition(source: str) -> str:
    condition(source)
    return source


def _row(name: str) -> str:
    if name != ANY and name not in set(Category):
        known = ", ".join((ANY, *Category))
        raise ValueError(_("A row is one of these: %(known)s.") % {"known": known})
    return name


def _has_letters(word: str) -> str:
    try:
        folded_word(word)
    except ValueError:
        raise ValueError(_("“%(word)s” has no letters.") % {"word": word}) from None
    return word


def _word(entry: str) -> str:
    try:
        forms = alternatives(entry)
    except TooManyForms:
        sentence = _("An entry stands for at most %(limit)d words.")
        raise ValueError(sentence % {"limit": MAX_FORMS}) from None
    for form in forms:
        _has_letters(form)
    return entry


def _pattern(text: str) -> str:
    group = {"id": "rule", "category": "spam", "severity": 1, "action": "hold"}
    try:
        Patterns(rules_of(group | {"patterns": [text]}))
    except RefusedPattern as refused:
        raise ValueError(refused_pattern(refused.kind)) from None
    return text


def _pack(name: str) -> str:
    groups_of(name)
    return name


def _surrounding(words: str) -> str:
    try:
        compiled(Unless(near=words))
    except ValueError:
        raise ValueError(refused_pattern("")) from None
    return words


_STORABLE = AfterValidator(_storable)

Row = Annotated[str, _STORABLE, AfterValidator(_row)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$")]
ProviderName = Annotated[str, StringConstraints(min_length=1, max_length=48), _STORABLE]
Resources = Annotated[str, StringConstraints(max_length=32), _STORABLE]
Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=9, allow_inf_nan=False)]
Condition = Annotated[
    str, StringConstraints(max_length=MAX_LENGTH), _STORABLE, AfterValidator(_checked_condition)
]
OutcomeName = Literal["allow", "flag", "hold", "block"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT), _STORABLE]
Entry = Annotated[str, StringConstraints(min_length=1, max_length=200), _STORABLE]
Word = Annotated[Entry, AfterValidator(_word)]
Exempted = Annotated[Entry, AfterValidator(_has_letters)]
Pattern = Annotated[
    str, StringConstraints(min_length=1, max_length=500), _STORABLE, AfterValidator(_pattern)
]
Pack = Annotated[Entry, AfterValidator(_pack)]
Surrounding = Annotated[
    str, StringConstraints(max_length=500), _STORABLE, AfterValidator(_surrounding)
]
Language = Annotated[str, StringConstraints(max_length=16), _STORABLE]
MayBeAbsent = BeforeValidator(_absent)
