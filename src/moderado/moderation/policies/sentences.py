"""What the libraries that check a document report, as sentences in the reader's language.

A report that is not known here becomes a general sentence: texts of libraries are in English.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NUMBER = _("This must be a number.")
_WHOLE_NUMBER = _("This must be a whole number.")
_TEXT = _("This must be a text.")
_LIST = _("This must be a list.")
_FIELDS = _("This must have fields, as in “name: value”.")
_GENERAL = _("This is not valid.")

# By pydantic's type of error. The names in the sentences are those of the error's context.
_BY_TYPE: Mapping[str, str | Promise] = {
    "missing": _("This field is required."),
    "extra_forbidden": _("Unknown field."),
    "enum": _("One of these: %(expected)s."),
    "literal_error": _("One of these: %(expected)s."),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_pattern_mismatch": _("This does not have the form %(pattern)s."),
    "string_too_long": _("At most %(max_length)d characters."),
    "string_too_short": _("At least %(min_length)d characters."),
    "too_long": _("At most %(max_length)d entries."),
    "less_than_equal": _("At most %(le)s."),
    "greater_than_equal": _("At least %(ge)s."),
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_digits": _("At most %(max_digits)d digits."),
    "decimal_max_places": _("At most %(decimal_places)d decimal places."),
    "decimal_whole_digits": _("At most %(whole_digits)d digits before the decimal point."),
    "bool_type": _("This must be true or false."),
    "bool_parsing": _("This must be true or false."),
    "tuple_type": _LIST,
    "dict_type": _FIELDS,
    "model_type": _FIELDS,
    "model_attributes_type": _FIELDS,
}

# By RE2's name of the mistake; "" is a pattern that is too large.
_BY_RE2: Mapping[str, str | Promise] = {
    "": _("The pattern repeats too much, and would be slow."),
    "missing )": _("A bracket “)” is missing in the pattern."),
    "unexpected )": _("A bracket “)” of the pattern has no beginning."),
    "missing ]": _("A bracket “]” is missing in the pattern."),
    "invalid escape sequence": _("The pattern has an unknown sequence after “\\”."),
    "trailing \\": _("The pattern ends with “\\”."),
    "invalid character class range": _("The pattern has an invalid range of characters."),
    "no argument for repetition operator": _("The pattern repeats nothing: see * + ? { }."),
    "bad repetition operator": _("The pattern repeats a repetition: see * + ? { }."),
    "invalid repetition size": _("The pattern repeats more than 1,000 times."),
    "invalid named capture group": _("The pattern has an invalid named group."),
    "invalid perl operator": _("RE2 has no look-around, no back-references and no conditions."),
}


def sentence_of(error: "ErrorDetails") -> str:
    """Return what pydantic reports about a field."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])  # raised by us, and translated
    context: dict[str, Any] = dict(error.get("ctx", {}))
    if "expected" in context:
        context["expected"] = str(context["expected"]).replace("'", "").replace(" or ", ", ")
    return str(_BY_TYPE.get(error["type"], _GENERAL)) % context


def refused_pattern(kind: str) -> str:
    """Return why RE2 refuses a pattern.

    Args:
        kind: As `RefusedPattern` has it.
    """
    return str(_BY_RE2.get(kind, _("RE2 does not accept this pattern.")))
