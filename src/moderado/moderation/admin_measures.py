"""Results of the evaluations `calibration` and `shadow` as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from moderado.moderation.categories import category_name
from moderado.moderation.labels import label

Words = str | Promise
UNKNOWN = "-"
_CHECKS: Mapping[str, Promise] = {
    "pairs": _("texts judged by both"),
    "rulings": _("of them with a ruling"),
    "errors": _("more errors than the verdict, at worst"),
    "failures": _("share without an opinion"),
}
_RULING_NUMBERS: Mapping[str, Promise] = {
    "rulings": _("rulings"),
    "sampled": _("of them on blind cases"),
    "suggested": _("labels of other systems"),
}


class Section(NamedTuple):
    """A table with a title."""

    title: Words
    head: tuple[Words, ...]
    rows: list[tuple[Words, ...]]


def calibration_sections(results: Mapping[str, Any]) -> Iterator[Section]:
    """Yield what a calibration rests on, and the threshold of each category."""
    rows: list[tuple[Words, ...]] = [(_("policy"), results["policy"])]
    rows += [(words, _number(results[name])) for name, words in _RULING_NUMBERS.items()]
    rows.append((_("wanted share of false holds"), _share(results["rate"])))
    yield Section(_("results"), (), rows)
    head = (
        _("category"), _("suggested threshold to hold"), _("in force"), _("false holds"),
        _("share found"),
    )  # fmt: skip
    yield Section(_("thresholds"), head, [_suggestion(each) for each in results["categories"]])


def _suggestion(found: Mapping[str, Any]) -> tuple[Words, ...]:
    threshold = found["threshold"]
    if threshold is not None:
        value, low, high = (_number(threshold[name]) for name in ("value", "low", "high"))
        shown: Words = f"{value} ({low}-{high})"
    elif found["has_enough"]:
        shown = _("no threshold keeps the share")
    else:
        shown = gettext("too few texts: %(shown)s of %(needed)s shown, %(hidden)s hidden") % {
            "shown": _number(round(found["effective"])),
            "needed": _number(found["needed"]),
            "hidden": _number(found["bad"]),
        }
    return (
        category_name(found["category"]),
        *(shown, _number(found["current"]), _share(found["rate"]), _share(found["recall"])),
    )


def shadow_sections(results: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the agreement of each shadow with the verdicts, and whether it may be promoted."""
    for found in results["shadows"]:
        yield Section(_shadow_name(found), (), _agreement(found))
        yield Section(
            _("It may be promoted.") if found["gate"]["passed"] else _("It may not be promoted."),
            ("", _("measured"), _("limit")),
            [
                (label(_CHECKS, each["name"]), _number(each["value"]), _number(each["limit"]))
                for each in found["gate"]["checks"]
            ],
        )


def _shadow_name(found: Mapping[str, Any]) -> str:
    version = gettext("version")
    shadow = found["provider"] or f"{version} {found['version']}"
    return f"{gettext('policy')} {found['policy']}: {shadow}"


def _agreement(found: Mapping[str, Any]) -> list[tuple[Words, ...]]:
    alone, rulings, agreed = found["mcnemar"], found["rulings"], found["agreed"]
    rows: list[tuple[Words, ...]] = [
        (_("texts"), _number(found["pairs"])),
        (_("without an opinion"), _number(sum(found["failures"].values()))),
        (_("agreement"), _share(agreed and agreed["value"])),
        (_("Cohen's kappa of hidden or shown"), _number(found["kappa"])),
        (_("Cohen's kappa of outcomes"), _number(found["kappa_of_outcomes"])),
        (_("hidden by the verdict alone"), _number(alone["only_deciding"])),
        (_("hidden by the shadow alone"), _number(alone["only_shadow"])),
        (_("rulings"), _number(rulings["pairs"])),
        (_("wrong by the rulings: verdict"), _share(rulings["deciding_errors"])),
        (_("wrong by the rulings: shadow"), _share(rulings["shadow_errors"])),
    ]
    if found["latency"]:
        rows.append((_("time (ms), 95 %"), _number(1000 * found["latency"]["p95"])))
        rows.append((_("cost of a text"), _number(found["cost"]["mean"])))
    return rows


def _number(value: float | None) -> str:
    """Return a number in the reader's language: a count in full, others with three digits."""
    if value is None:
        return UNKNOWN
    if isinstance(value, int) or value >= 1000:  # noqa: PLR2004  (all digits are before the point)
        return number_format(round(value), force_grouping=True)
    digits = f"{value:.3g}"
    return number_format(float(digits) if "e" not in digits else f"{value:.6f}")


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{number_format(100 * value, 1)} %"
