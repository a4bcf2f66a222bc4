"""The words for people of what records keep as JSON: details of the audit, filters, rulings."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from moderado.enforcement.labels import APPEAL_OUTCOMES, REPORT_CATEGORIES
from moderado.enforcement.models import Queue, Ruling, Sanction
from moderado.moderation.labels import SUBJECTS
from moderado.moderation.models import Case

Label = str | Promise

LABELS: Mapping[str, Label] = {
    "author_id": _("author"),
    "banked": _("banked text"),
    "bulk": _("ruling in bulk"),
    "bulk_id": _("ruling in bulk"),
    "case": _("case"),
    "cases": _("cases"),
    "category": _("category"),
    "claimed": _("claimed"),
    "content": _("decision"),
    "decision": _("decision"),
    "decisions": _("decisions"),
    "fields": _("what was changed"),
    "hold": _("legal hold"),
    "holds": _("legal holds"),
    "kind": _("kind"),
    "measures": _("sanctions"),
    "messages": _("messages"),
    "name": _("name"),
    "note": _("note"),
    "operator": _("run by"),
    "order": _("order"),
    "origin": _("origin"),
    "outcome": _("outcome"),
    "policy": _("policy"),
    "private_note": _("private note"),
    "public_note": _("public note"),
    "purge": _("purge"),
    "queue_id": _("queue"),
    "reason": _("reason"),
    "record": _("record"),
    "records": _("access records"),
    "reference": _("reference"),
    "removed": _("removed"),
    "restored": _("brought back"),
    "reversal": _("reversal"),
    "revision": _("revision"),
    "room": _("room"),
    "room_type": _("type of room"),
    "sample": _("sample"),
    "sanctions": _("sanctions"),
    "scope": _("where"),
    "scope_id": _("room"),
    "seconds": _("seconds"),
    "since": _("since"),
    "state": _("state"),
    "states": _("states"),
    "term": _("term"),
    "until": _("until"),
    "user": _("person"),
    "version": _("version"),
    "withheld": _("withheld"),
}
_STATES: Mapping[str, Label] = {
    "open": _("open"),
    "decided": _("decided"),
    "closed": _("closed without a decision"),
    "snoozed": _("put off"),
    "escalated": _("handed over to the server"),
}
_CLAIMS: Mapping[str, Label] = {
    "false": _("by no moderator"),
    "true": _("by a moderator"),
    "me": _("by the moderator"),
    "others": _("by other moderators"),
}
_SCOPES: Mapping[str, Label] = {"room": _("room"), "server": _("whole server")}
_FIELDS: Mapping[str, Label] = {
    each.name: each.verbose_name
    for each in Queue._meta.get_fields()  # noqa: SLF001  (documented by Django)
    if hasattr(each, "verbose_name")
}
_CODES: Mapping[str, Mapping[str, Any]] = {
    "content": dict(Ruling.Content.choices),
    "kind": dict(Sanction.Kind.choices),
    "sanctions": dict(Sanction.Kind.choices),
    "outcome": dict(APPEAL_OUTCOMES),
    "category": dict(REPORT_CATEGORIES),
    "reason": dict(REPORT_CATEGORIES),
    "origin": dict(Case.Origin.choices),
    "subject": SUBJECTS,
    "states": _STATES,
    "claimed": _CLAIMS,
    "scope": _SCOPES,
    "fields": _FIELDS,
}
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def in_words(record: Mapping[str, Any]) -> str:
    """Return the fields of a record as text in the active language, without what is empty.

    A field or a code without words stays as it is.
    """
    return "; ".join(_pairs(record)) or "-"


def lines_in_words(record: Mapping[str, Any]) -> str:
    """Return the fields of a record as HTML, each on a line of its own."""
    lines = ((line,) for line in _pairs(record))
    return format_html_join("", '<div><bdi dir="auto">{}</bdi></div>', lines) or "-"


def span_in_words(seconds: float) -> str:
    """Return a span of time in its two largest units, such as `1 day, 12 hours`."""
    left, parts = int(seconds), []
    for size, words in _UNITS:
        number, left = divmod(left, size)
        if number:
            parts.append(words(number))
    return ", ".join(parts[:2]) or _UNITS[-1][1](0)


_UNITS: tuple[tuple[int, Callable[[int], str]], ...] = (
    (86_400, lambda number: ngettext("%d day", "%d days", number) % number),
    (3_600, lambda number: ngettext("%d hour", "%d hours", number) % number),
    (60, lambda number: ngettext("%d minute", "%d minutes", number) % number),
    (1, lambda number: ngettext("%d second", "%d seconds", number) % number),
)


def _pairs(record: Mapping[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        if value not in _EMPTY:
            yield f"{LABELS.get(name, name)}: {_value(name, value)}"


def _value(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return in_words(value)
    if isinstance(value, list):
        return ", ".join(_value(name, each) for each in value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if name == "term":
        return span_in_words(msgspec.convert(value, timedelta).total_seconds())
    return str(_CODES.get(name, {}).get(str(value), value))
