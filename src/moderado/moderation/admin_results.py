"""Results of evaluations as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.moderation.admin_measures import (
    Section,
    Words,
    calibration_sections,
    shadow_sections,
)
from moderado.moderation.categories import category_name
from moderado.moderation.labels import OUTCOMES, label

MOST_ROWS = 100
_NAMES: Mapping[str, Promise] = {
    "decisions": _("decisions read"),
    "equal": _("equal"),
    "differences": _("different"),
    "erased": _("text erased"),
    "unreplayable": _("cannot be replayed"),
    "judged": _("judged anew"),
    "changed": _("with another outcome"),
    "flag": _("flagged"),
    "hold": _("held"),
    # Causes.
    "no_policy": _("decided without a policy"),
    "restriction": _("restricted by the chat"),
    "unknown_version": _("unknown version"),
    "other_lists": _("lists changed since"),
    "missing_facts": _("facts not stored"),
    "elsewhere": _("another policy applies"),
    "unknown_answers": _("answers not stored"),
    "strikes_of_rulings": _("strikes that people give"),
    "readers": _("readers"),
}
_OUTCOMES = dict(OUTCOMES)
_SANCTIONS: Mapping[str, Promise] = {
    "warning": _("warning"),
    "slow": _("slow mode"),
    "mute": _("mute"),
    "ban": _("ban"),
}


def sections(results: Mapping[str, Any]) -> list[Section]:
    """Return the tables of results of any kind, without those that are empty."""
    if "shadows" in results:
        found = shadow_sections(results)
    elif "categories" in results:
        found = calibration_sections(results)
    else:
        found = _sections(results)
    return [section for section in found if section.rows]


def _sections(results: Mapping[str, Any]) -> Iterator[Section]:
    counts: list[tuple[Words, ...]] = [
        (_name(name), _number(value))
        for name, value in results.items()
        if name in _NAMES and isinstance(value, int)
    ]
    yield Section(_("results"), (), counts)
    causes = results.get("causes") or results.get("not_judged") or {}
    rows: list[tuple[Words, ...]] = [(_name(name), _number(each)) for name, each in causes.items()]
    yield Section(_("Left out, and why"), (), rows)
    rows = [(_change(name), _number(each)) for name, each in results.get("changes", {}).items()]
    yield Section(_("Changes of outcome"), (), rows)
    for title, name, shown in (
        (_("By category"), "by_category", category_name),
        (_("By rule"), "by_rule", str),
    ):
        directions = list(results.get(name, {}).items())[:MOST_ROWS]
        yield Section(
            title,
            ("", _("stricter"), _("milder")),
            [(shown(key), _number(row["stricter"]), _number(row["milder"]))
             for key, row in directions],
        )  # fmt: skip
    if found := results.get("consequences"):
        yield _consequences(found, results["rulings"])
        yield _queue(found.get("queue", {}))
        missing: list[tuple[Words, ...]] = [(_name(name),) for name in found["not_estimated"]]
        yield Section(_("Not estimated"), (), missing)


def _consequences(found: Mapping[str, Any], rulings: Mapping[str, int]) -> Section:
    times = ("before", "after")
    cases, cost, exposure = found["cases"], found["cost"], found["exposure"]
    rows: list[tuple[Words, ...]] = [
        (_("Cases of flagged texts"), *(_number(cases[time]["flag"]) for time in times)),
        (_("Cases of held texts"), *(_number(cases[time]["hold"]) for time in times)),
        (_("Cost of remote answers"), *(f"{cost[time]:.4f}" for time in times)),
        (
            _("Seconds for which blocked texts were seen"),
            *(_number(round(exposure[time]["seconds"])) for time in times),
        ),
        (
            _("Agrees with rulings"),
            *(f"{rulings[f'agree_{time}']:,} / {rulings['number']:,}" for time in times),
        ),
    ]
    if strikes := found.get("strikes"):  # not in results of earlier releases
        rows.append((_("Strikes"), *(_number(strikes[time]["strikes"]) for time in times)))
        kinds = sorted({kind for time in times for kind in strikes[time]["sanctions"]})
        rows += [
            (
                label(_SANCTIONS, kind),
                *(_number(strikes[t]["sanctions"].get(kind, 0)) for t in times),
            )
            for kind in kinds
        ]
    if queue := found.get("queue"):
        longest = (_number(queue[f"longest_{time}"]) for time in times)
        rows.append((_("Longest queue"), *longest))
    return Section(_("Consequences"), ("", _("as decided"), _("with this version")), rows)


def _queue(queue: Mapping[str, Any]) -> Section:
    """Return the hours in which the queue would be longest."""
    hours = sorted(queue.get("hours", ()), key=lambda each: each["length_after"], reverse=True)
    return Section(
        _("Hours with the longest queue"),
        (_("hour"), _("as decided"), _("with this version")),
        [(each["at"][:16].replace("T", " "), _number(each["length_before"]),
          _number(each["length_after"])) for each in hours[:24]],
    )  # fmt: skip


def _name(code: str) -> str:
    return label(_NAMES, code)


def _change(code: str) -> str:
    before, _separator, after = code.partition(">")
    return f"{_OUTCOMES.get(before, before)} → {_OUTCOMES.get(after, after)}"


def _number(value: int) -> str:
    return f"{value:,}"
