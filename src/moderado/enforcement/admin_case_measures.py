"""The measures against the author that the page of a case offers, and what its form asks for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.core.errors import Forbidden, Invalid
from moderado.enforcement.models import Sanction
from moderado.enforcement.services.measures import Measure, permitted_by_queue
from moderado.enforcement.services.strike_forecasts import StrikeForecast, strike_forecast
from moderado.enforcement.types import MeasureScope, SanctionKind
from moderado.moderation.models import Case

_ENDLESS = "none"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
TERMS: dict[str, timedelta | None] = {
    "3600": _HOUR,
    "86400": _DAY,
    "259200": 3 * _DAY,
    "604800": 7 * _DAY,
    "2592000": 30 * _DAY,
    "7776000": 90 * _DAY,
    _ENDLESS: None,
}
_USUAL_TERM = "86400"
# A warning has no term, and how long a strike counts is said by its policy.
_WITH_TERM = frozenset({SanctionKind.SLOW, SanctionKind.MUTE, SanctionKind.BAN})
_SCOPES = {MeasureScope.ROOM: _("in the room"), MeasureScope.SERVER: _("on the whole server")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of a select."""

    value: str
    label: str | Promise
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """A measure that the form offers, with what was chosen before."""

    kind: str
    label: str | Promise
    is_chosen: bool
    scopes: Sequence[Option]
    terms: Sequence[Option]


def measure_rows(case: Case, viewer: User, given: QueryDict | None) -> list[MeasureRow]:
    """Return the measures that the viewer may impose on the author of the case.

    Args:
        case: The case, with its `queue_id`.
        viewer: The moderator.
        given: What a form that was refused had; None for a fresh one.
    """
    scopes = _scopes(case, viewer)
    if not scopes:
        return []
    chosen = given.getlist("sanction") if given is not None else []
    values: dict[str, Any] = {} if given is None else given.dict()
    permitted = permitted_by_queue(case)
    return [
        MeasureRow(
            kind=kind.value,
            label=Sanction.Kind(kind).label,
            is_chosen=kind in chosen,
            scopes=_options(scopes, values.get(f"{kind}_scope", next(iter(scopes)))),
            terms=_terms(kind, values.get(f"{kind}_term", _USUAL_TERM)),
        )
        for kind in SanctionKind
        if not permitted or kind in permitted
    ]


def measures_of_form(viewer: User, given: QueryDict) -> list[Measure]:
    """Return the measures that the form asks for. The ruling checks whether they are permitted.

    Raises:
        Forbidden: The viewer may impose no sanctions.
        Invalid: A measure, its scope or its term is none of those on the page.
    """
    kinds = given.getlist("sanction")
    if kinds and not viewer.has_perm(rights.ADD_SANCTION):
        raise Forbidden
    return [_measure(kind, given) for kind in dict.fromkeys(kinds)]


def strike_forecasts(case: Case, viewer: User, reason: str) -> Iterator[dict[str, Any]]:
    """Yield what a strike for this reason leads to by the policy, in each scope.

    Nothing where the policy leads to no sanction, or the queue permits no strikes.
    """
    permitted = permitted_by_queue(case)
    if permitted and SanctionKind.STRIKE not in permitted:
        return
    for scope, label in _scopes(case, viewer).items():
        scope_id = case.scope_id if scope is MeasureScope.ROOM else None
        forecast = strike_forecast(
            case=case,
            reason=reason,
            scope_id=scope_id,
            sees_restricted=rights.staff_may(viewer, rights.VIEW_RESTRICTED_CASE),
        )
        if forecast.has_thresholds:
            yield {"scope": label, "forecast": forecast, "consequences": _consequences(forecast)}


def _measure(kind: str, given: QueryDict) -> Measure:
    scope, term = given.get(f"{kind}_scope", ""), given.get(f"{kind}_term", _ENDLESS)
    if kind not in set(SanctionKind) or scope not in set(MeasureScope):
        raise Invalid(fields={"sanctions": _("Choose measures from the list.")})
    if SanctionKind(kind) not in _WITH_TERM:
        term = _ENDLESS
    if term not in TERMS:
        raise Invalid(fields={"sanctions": _("Choose a term from the list.")})
    return Measure(kind=SanctionKind(kind), scope=MeasureScope(scope), term=TERMS[term])


def _scopes(case: Case, viewer: User) -> dict[MeasureScope, Promise]:
    """Return where the viewer may impose measures on the author, the room first."""
    author = case.author
    if author is None or not viewer.has_perm(rights.ADD_SANCTION):
        return {}
    return {
        scope: label
        for scope, label in _SCOPES.items()
        if (
            case.scope_id is not None
            if scope is MeasureScope.ROOM
            else rights.may_manage(viewer, author)
        )
    }


def _options(labels: Any, chosen: str) -> list[Option]:
    return [
        Option(value=str(value), label=label, is_chosen=value == chosen)
        for value, label in labels.items()
    ]


def _terms(kind: SanctionKind, chosen: str) -> list[Option]:
    if kind not in _WITH_TERM:
        return []
    return _options({value: _words_for(term) for value, term in TERMS.items()}, chosen)


def _consequences(forecast: StrikeForecast) -> str:
    """Return the sanctions that follow, such as "mute (1 day)"."""
    return ", ".join(
        f"{Sanction.Kind(each.sanction).label} ({_words_for(each.term)})"
        for each in forecast.consequences
    )


def takes_term(kind: str) -> bool:
    """Tell whether the moderator says how long a measure of this kind lasts."""
    return kind in _WITH_TERM


def term_choices() -> list[tuple[str, str]]:
    """Return the terms as choices of a field, none of them chosen."""
    chosen = [(value, _words_for(term)) for value, term in TERMS.items()]
    return [("", gettext("Choose a term")), *chosen]


def _words_for(term: timedelta | None) -> str:
    """Return a term in the largest unit of which it is a multiple."""
    if term is None:
        return gettext("without end")
    if not term % _DAY:
        return ngettext("%d day", "%d days", term.days) % term.days
    if not term % _HOUR:
        return ngettext("%d hour", "%d hours", term // _HOUR) % (term // _HOUR)
    minutes = max(1, round(term / timedelta(minutes=1)))
    return ngettext("%d minute", "%d minutes", minutes) % minutes
