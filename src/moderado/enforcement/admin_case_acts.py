"""What a moderator may decide on the page of a case, and what keeps them from it."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.core import clock
from moderado.core.errors import ApplicationError, Invalid
from moderado.enforcement.models import Report
from moderado.enforcement.recommendations import action_for
from moderado.enforcement.services.fairness import check_may_decide
from moderado.enforcement.services.proposals import Proposal
from moderado.enforcement.statements import note_presets
from moderado.enforcement.types import CONTENT_OF, WITHOUT_CATEGORY
from moderado.moderation.categories import CATEGORY_NAMES, category_name
from moderado.moderation.errors import CaseClosed, CaseSuperseded, CaseTaken
from moderado.moderation.models import Case
from moderado.moderation.recommendations import Action
from moderado.moderation.types import Outcome

RULINGS = (Outcome.ALLOW, Outcome.BLOCK)
_CODES = [category.value for category in CATEGORY_NAMES]


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


def decision_buttons(case: Case) -> list[dict[str, Any]]:
    """Return the two decisions, named by what they do to this text, the recommended one first."""
    is_held = case.origin == Case.Origin.HOLD
    allow = _("Approve: the text is shown") if is_held else _("Approve: the text stays visible")
    block = _("Block: the text is not shown") if is_held else _("Block: the text is removed")
    first = action_for(case)
    buttons = [
        {"outcome": Outcome.ALLOW, "label": allow, "is_first": first is Action.ALLOW},
        {"outcome": Outcome.BLOCK, "label": block, "is_first": first is Action.BLOCK},
    ]
    return sorted(buttons, key=lambda button: not button["is_first"])


def reason_options(case: Case) -> list[dict[str, Any]]:
    """Return the reasons to choose from, in the active language, with that of the case chosen."""
    chosen = _category_of(case)
    options = [(code, category_name(code)) for code in _CODES]
    options.append((WITHOUT_CATEGORY, str(_("none of these categories"))))
    return [{"value": code, "label": label, "is_chosen": code == chosen} for code, label in options]


def note_options(case: Case) -> Iterator[dict[str, str]]:
    """Yield the preset notes, in the language of the author."""
    for code, note in _presets(case).items():
        label = _("Preset for %(category)s: %(note)s")
        yield {"value": code, "label": label % {"category": category_name(code), "note": note}}


def proposal_of_form(case: Case, given: Mapping[str, str]) -> Proposal:
    """Return what the form on the page of a case proposes.

    Raises:
        Invalid: The outcome, the reason or the preset note is none of those on the page.
    """
    outcome, reason = given.get("outcome", ""), given.get("reason", "")
    if outcome not in RULINGS:
        raise Invalid(fields={"outcome": _("A ruling is ALLOW or BLOCK.")})
    if reason not in {*_CODES, WITHOUT_CATEGORY}:
        raise Invalid(fields={"reason": _("Choose a reason from the list.")})
    return Proposal(
        content=CONTENT_OF[Outcome(outcome)],
        reason=reason,
        public_note=_public_note(case, given),
        private_note=given.get("note", ""),
    )


def proposal_without_form(case: Case, outcome: Outcome) -> Proposal:
    """Return what the actions of the list propose: a text is rejected for its own category."""
    category = _category_of(case) if outcome is Outcome.BLOCK else ""
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


def _category_of(case: Case) -> str:
    """Return the category that machines found, or else that of the latest report; or none."""
    found = next((code for code in case.categories if code in _CODES), "")
    if found:
        return found
    reports = Report.objects.filter(case=case, category__in=_CODES).order_by("-created_at", "-id")
    return reports.values_list("category", flat=True).first() or ""
