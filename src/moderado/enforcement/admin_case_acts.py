"""What a moderator may decide on the page of a case, and what keeps them from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.core import clock
from moderado.core.errors import ApplicationError, Invalid
from moderado.enforcement.admin_case_measures import (
    measure_rows,
    measures_of_form,
    strike_forecasts,
)
from moderado.enforcement.models import Report
from moderado.enforcement.note_presets import note_presets
from moderado.enforcement.recommendations import action_for
from moderado.enforcement.services.fairness import check_may_decide
from moderado.enforcement.services.measures import permitted_by_queue
from moderado.enforcement.services.proposals import Proposal
from moderado.enforcement.types import CONTENT_OF, WITHOUT_CATEGORY, WITHOUT_TEXT
from moderado.moderation.categories import CATEGORY_NAMES, category_name
from moderado.moderation.errors import CaseClosed, CaseSuperseded, CaseTaken
from moderado.moderation.models import Case
from moderado.moderation.recommendations import Action
from moderado.moderation.types import Outcome

RULINGS = (Outcome.ALLOW, Outcome.FLAG, Outcome.BLOCK)
_CODES = [category.value for category in CATEGORY_NAMES]
_ACTIONS = {Outcome.ALLOW: Action.ALLOW, Outcome.BLOCK: Action.BLOCK}


def obstacle_to(case: Case, viewer: User) -> str:
    """Return why the viewer cannot decide the case now, or an empty text."""
    if case.state == Case.State.DECIDED:
        return str(CaseClosed())
    if case.state == Case.State.CLOSED:
        return str(CaseSuperseded(case.close_reason))
    try:
        check_may_decide(actor_id=viewer.pk, case=case)
    except ApplicationError as refusal:
        return str(refusal)
    is_claimed = case.claimed_until is not None and case.claimed_until > clock.estimated()
    return str(CaseTaken()) if is_claimed and case.claimed_by_id != viewer.pk else ""


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """A form that was refused: what it had, and what is wrong with its fields."""

    given: QueryDict
    errors: Mapping[str, Any]


def decision_form(case: Case, viewer: User, refused: RefusedForm | None) -> dict[str, Any]:
    """Return what the template of the form reads: what it offers, and what was chosen before."""
    given = None if refused is None else refused.given
    reason = category_of(case) if given is None else given.get("reason", "")
    return {
        "buttons": decision_buttons(case),
        "reasons": category_options(reason),
        "measures": measure_rows(case, viewer, given),
        "forecasts": strike_forecasts(case, viewer, reason),
        "notes": _note_options(case, given),
        "given": {} if given is None else given.dict(),
        "errors": {} if refused is None else refused.errors,
    }


def decision_buttons(case: Case) -> list[dict[str, Any]]:
    """Return the decisions, named by what they do to this text, the recommended one first.

    Those that the queue does not permit are left out.
    """
    permitted = permitted_by_queue(case)
    first, labels = action_for(case), _labels(case)
    buttons = [
        {
            "outcome": outcome,
            "label": label,
            "is_first": first is _ACTIONS.get(outcome) or len(labels) == 1,
        }
        for outcome, label in labels.items()
        if not permitted or CONTENT_OF[outcome] in permitted
    ]
    return sorted(buttons, key=lambda button: not button["is_first"])


def _labels(case: Case) -> dict[Outcome, Promise]:
    if case.subject_type in WITHOUT_TEXT:
        return {Outcome.ALLOW: _("Decide: the measures above, or none")}
    if case.origin == Case.Origin.HOLD:
        return {
            Outcome.ALLOW: _("Approve: the text is shown"),
            Outcome.BLOCK: _("Block: the text is not shown"),
            Outcome.FLAG: _("Approve as doubtful: the text is shown, and marked for staff"),
        }
    return {
        Outcome.ALLOW: _("Approve: the text stays visible"),
        Outcome.BLOCK: _("Block: the text is removed"),
        Outcome.FLAG: _("Keep as doubtful: the text stays visible, and marked for staff"),
    }


def category_options(chosen: str) -> list[dict[str, Any]]:
    """Return all categories and "none of these" as options of a select."""
    options = [(code, category_name(code)) for code in _CODES]
    options.append((WITHOUT_CATEGORY, str(_("none of these categories"))))
    return [{"value": code, "label": label, "is_chosen": code == chosen} for code, label in options]


def reason_choices() -> list[tuple[str, str]]:
    """Return the reasons as choices of a field, none of them chosen."""
    options = [(each["value"], each["label"]) for each in category_options("")]
    return [("", gettext("Choose a reason")), *options]


def _note_options(case: Case, given: QueryDict | None) -> Iterator[dict[str, Any]]:
    """Yield the preset notes, in the language of the author."""
    chosen = "" if given is None else given.get("note_preset", "")
    for code, note in _presets(case).items():
        label = _("Preset for %(category)s: %(note)s")
        words = label % {"category": category_name(code), "note": note}
        yield {"value": code, "label": words, "is_chosen": code == chosen}


def proposal_of_form(case: Case, viewer: User, given: QueryDict) -> Proposal:
    """Return what the form on the page of a case proposes: content, measures, reason and notes.

    Raises:
        Invalid: The outcome, the reason, the preset note or a measure is none of those on the page.
        Forbidden: The viewer may impose no sanctions.
    """
    outcome, reason = given.get("outcome", ""), given.get("reason", "")
    if outcome not in RULINGS:
        raise Invalid(fields={"outcome": _("Choose a decision.")})
    if reason not in {*_CODES, WITHOUT_CATEGORY}:
        raise Invalid(fields={"reason": _("Choose a reason from the list.")})
    revision = given.get("revision", "")
    return Proposal(
        content=CONTENT_OF[Outcome(outcome)],
        reason=reason,
        public_note=_public_note(case, given),
        private_note=given.get("note", ""),
        measures=measures_of_form(viewer, given),
        revision=int(revision) if revision.isascii() and revision.isdecimal() else None,
    )


def proposal_without_form(case: Case, outcome: Outcome) -> Proposal:
    """Return what the actions of the list propose: a text is rejected for its own category."""
    category = category_of(case) if outcome is Outcome.BLOCK else ""
    return Proposal(content=CONTENT_OF[outcome], reason=category or WITHOUT_CATEGORY)


def _public_note(case: Case, given: Mapping[str, str]) -> str:
    """Return the preset note, if one was chosen, and the moderator's own words after it."""
    chosen, presets = given.get("note_preset", ""), _presets(case)
    if chosen and chosen not in presets:
        raise Invalid(fields={"public_note": _("Choose a note from the list.")})
    words = (presets.get(chosen, ""), given.get("public_note", "").strip())
    return "\n".join(each for each in words if each)


def _presets(case: Case) -> dict[str, str]:
    language = User.Language.PORTUGUESE if case.author is None else case.author.language
    return note_presets(language)


def category_of(case: Case) -> str:
    """Return the category that machines found, or else that of the latest report; or none."""
    found = next((code for code in case.categories if code in _CODES), "")
    if found:
        return found
    reports = Report.objects.filter(case=case, category__in=_CODES).order_by("-created_at", "-id")
    return reports.values_list("category", flat=True).first() or ""
