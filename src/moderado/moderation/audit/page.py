"""Writes an audit as one HTML page.

The page loads nothing and runs nothing: its policy forbids scripts and all requests, and every text
of the export is escaped.
"""

import base64
import hashlib
from collections.abc import Sequence
from math import ceil
from typing import Any

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from moderado.core.characters import without_invisible
from moderado.moderation.audit import plots
from moderado.moderation.audit.costs import Cost
from moderado.moderation.audit.tally import Group, Tally, ranked
from moderado.moderation.categories import category_name
from moderado.moderation.labels import DISGUISES, OUTCOMES, label
from moderado.moderation.types import Outcome

MAX_ROWS = 20
STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--line:#d5dbe3}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--paper:#14181f;--line:#39424f}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:760px;margin:0 auto;padding:24px}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}svg.columns{width:100%;max-width:540px;
height:auto}svg text{font-size:10px;fill:var(--ink)}.bars svg{width:100%;height:1em;display:block}
td:first-child{min-width:6em}.bars td{width:55%;vertical-align:middle}
.bars td:first-child{width:45%}.bars td.n{width:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:start;padding:4px 8px;border-bottom:1px solid var(--line);vertical-align:top;
overflow-wrap:anywhere}th{overflow-wrap:normal}td.n{text-align:end;white-space:nowrap}
.allow{fill:#9fb2c8}.flag{fill:#e0b13c}.hold{fill:#d9762b}.block{fill:#b3282d}
b.allow,b.flag,b.hold,b.block{display:inline-block;width:.8em;height:.8em}
b.allow{background:#9fb2c8}b.flag{background:#e0b13c}b.hold{background:#d9762b}
b.block{background:#b3282d}.quiet{opacity:.75}bdi{unicode-bidi:isolate}
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
_HOURS_LABELLED = 3
_DAYS_LABELLED = 4


def write(tally: Tally, *, name: str, policy: str, costs: Sequence[Cost]) -> str:
    """Return the page in the active language.

    Args:
        tally: The figures.
        name: The name of the export, which may be that of a person; empty to leave it out.
        policy: Which policy judged, for readers.
        costs: What remote providers would have cost.
    """
    rules = ranked(tally.rules)
    parts = [
        _summary(tally, policy),
        _section(_("By rule"), _groups(rules), _examples(rules, _("Rule"))),
        _section(_("By author"), _groups(tally.shown_authors())),
        _section(_("By hour (UTC)"), _hours(tally)),
        _section(_("Disguised words"), *_evasion(tally)),
        _section(_("Load of the moderators"), *_queue(tally)),
        _section(_("Cost of remote providers"), _costs(costs)),
    ]
    return format_html(
        '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="{}">'
        '<meta name="viewport" content="width=device-width">'
        "<title>{}</title><style>{}</style></head><body><h1>{}</h1>{}</body></html>\n",
        get_language() or "en",
        _POLICY,
        _("Audit of a chat"),
        mark_safe(STYLE),  # noqa: S308  (a constant)
        _("Audit of “%(name)s”") % {"name": _plain(name)} if name else _("Audit of a chat"),
        _join(parts),
    )


def _summary(tally: Tally, policy: str) -> SafeString:
    total = tally.outcomes.total()
    period = ""
    if tally.first and tally.last:
        period = f"{tally.first.date().isoformat()} … {tally.last.date().isoformat()}"
    rows = [
        (format_html('<b class="{}"></b> {}', code.lower(), name), _share(tally, code, total))
        for code, name in OUTCOMES
    ]
    categories = ", ".join(
        f"{category_name(code)} {count}" for code, count in tally.categories.most_common()
    )
    return _join(
        [
            format_html('<p class="quiet">{} · {}</p>', period, policy),
            _paragraph(
                _("%(messages)d messages of %(authors)d authors; %(skipped)d unreadable entries.")
                % {"messages": total, "authors": len(tally.authors), "skipped": tally.skipped}
            ),
            _table([_("Outcome"), _("Messages")], rows),
            _paragraph(categories),
        ]
    )


def _share(tally: Tally, code: str, total: int) -> str:
    count = tally.outcomes[Outcome(code)]
    return f"{count} ({number_format(100 * count / total, 1)} %)" if total else "0"


def _groups(groups: Sequence[tuple[str, Group]]) -> SafeString:
    if not groups:
        return _paragraph(_("Nothing was found."))
    found = [(_plain(name), _numbers(group)) for name, group in groups[:MAX_ROWS]]
    return plots.bars(found, title=_("Messages by outcome"))


def _numbers(group: Group) -> list[int]:
    """Return the numbers of a group for a plot, without what was allowed."""
    return [0, *(group.outcomes[each] for each in (Outcome.FLAG, Outcome.HOLD, Outcome.BLOCK))]


def _examples(groups: Sequence[tuple[str, Group]], head: str) -> SafeString:
    rows = [
        (_plain(name), format_html_join(" · ", "<bdi>{}</bdi>", ((_plain(t),) for t in g.examples)))
        for name, g in groups[:MAX_ROWS]
        if g.examples
    ]
    return _table([head, _("Examples")], rows) if rows else SafeString()


def _hours(tally: Tally) -> SafeString:
    found = [
        (f"{hour:02}", [tally.hours[hour][each] for each in Outcome])
        for hour in range(len(tally.hours))
    ]
    return plots.columns(found, title=_("Messages by hour"), every=_HOURS_LABELLED)


def _evasion(tally: Tally) -> list[SafeString]:
    text = _("%(count)d messages have a disguised word.") % {"count": tally.disguised}
    groups = [(label(DISGUISES, name), group) for name, group in ranked(tally.readings)]
    found = [_groups(groups), _examples(groups, _("Disguise"))] if groups else []
    return [_paragraph(text), *found]


def _queue(tally: Tally) -> list[SafeString]:
    load = tally.queue()
    sentence = _(
        "Cases: %(cases)d (%(cases_a_day)s a day). Work: %(minutes_a_day)s min a day, at "
        "%(seconds_a_case)d s a case. Busiest hour: cases %(busiest_hour)d, moderators needed "
        "%(moderators_in_busiest_hour)d."
    )
    numbers = {name: number_format(load[name], 1) for name in ("cases_a_day", "minutes_a_day")}
    days = [(day, [0, 0, cases, 0]) for day, cases in load["days"].items()]
    every = max(1, ceil(len(days) / _DAYS_LABELLED))
    return [
        _paragraph(sentence % {**load, **numbers}),
        plots.columns(days, title=_("Cases by day"), every=every) if days else SafeString(),
    ]


def _costs(costs: Sequence[Cost]) -> SafeString:
    rows = [(each.provider, _dollars(each.amount), each.basis) for each in costs]
    return _table([_("Provider"), _("Cost"), _("Basis")], rows)


def _dollars(amount: float) -> str:
    return f"US$ {number_format(amount, 2, force_grouping=True)}"


def _section(title: str, *parts: SafeString) -> SafeString:
    return format_html("<section><h2>{}</h2>{}</section>", title, _join(parts))


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> SafeString:
    return format_html(
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        format_html_join("", "<th>{}</th>", ((head,) for head in heads)),
        format_html_join(
            "",
            "<tr>{}</tr>",
            ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows),
        ),
    )


def _paragraph(text: str) -> SafeString:
    return format_html("<p>{}</p>", text)


def _join(parts: Sequence[SafeString]) -> SafeString:
    return format_html_join("\n", "{}", ((part,) for part in parts))


def _plain(text: str) -> str:
    """Return a text of the export without characters that change the direction of others."""
    return without_invisible(text)
