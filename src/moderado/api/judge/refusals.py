"""What msgspec refuses in a body, as a sentence in the reader's language."""

import re
from collections.abc import Mapping

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_PLACE = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_EXPECTED = re.compile(
    r"Expected `(?P<kind>[^`]+)`(?P<length> of length)?"
    r"(?: (?P<bound><=|>=) (?P<limit>\S+?))?(?:, got `(?P<found>[^`]+)`)?$"
)
# By what is bounded: a length or a number, from above or from below.
_BOUNDS: Mapping[tuple[bool, str], str | Promise] = {
    (True, "<="): _("At most %(limit)s characters."),
    (True, ">="): _("At least %(limit)s characters."),
    (False, "<="): _("At most %(limit)s."),
    (False, ">="): _("At least %(limit)s."),
}


def refused_fields(error: msgspec.ValidationError) -> dict[str, str | Promise]:
    """Return the path of the field that was refused, `body` for the whole, and why.

    msgspec reports in English, one field at a time. A report of an unknown form becomes a general
    sentence. The value is never named.
    """
    said = str(error)
    place = _PLACE.search(said)
    path = place["path"] if place else ""
    said = said[: place.start()] if place else said
    if missing := _MISSING.search(said):
        path = f"{path}.{missing['name']}" if path else missing["name"]
        return {path: _("This field is required.")}
    return {path or "body": _why(said)}


def _why(said: str) -> str:
    expected = _EXPECTED.match(said)
    if expected is None:
        return str(_("This is not valid."))
    if expected["bound"]:
        sentence = _BOUNDS[expected["length"] is not None, expected["bound"]]
        return str(sentence) % {"limit": expected["limit"]}
    sentence = _("This has another type than %(kind)s.")
    return sentence % {"kind": expected["kind"].replace(" | ", ", ")}
