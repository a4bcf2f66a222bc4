"""Admin pages of what concerns persons: sanctions, reports, suspensions and blocks."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.models import User
from moderado.accounts.rights import (
    ADD_SANCTION,
    LIFT_SANCTION,
    SUSPEND_REPORTING,
    is_entitled,
)
from moderado.core import clock
from moderado.core.admin import Colours
from moderado.core.admin_acts import REASON, Act, ActField, ActsOnPage, Values
from moderado.core.admin_making import CreatedByService
from moderado.core.sent_once import FIELD
from moderado.enforcement.admin_case_acts import category_options
from moderado.enforcement.admin_case_measures import TERMS, takes_term, term_choices
from moderado.enforcement.admin_sanction_forms import SanctionForm
from moderado.enforcement.admin_shared import (
    CaseRecordPage,
    InForce,
    RecordPage,
    RestrictedPage,
    by_person,
    make_once,
)
from moderado.enforcement.models import PersonBlock, Report, ReportingSuspension, Sanction
from moderado.enforcement.selectors.restricted import without_restricted_sanctions
from moderado.enforcement.selectors.sanctions import state_of
from moderado.enforcement.services import imposing, sanction_ends, suspensions
from moderado.enforcement.services.restricted_looks import audit_views, cases_of
from moderado.moderation.admin_links import room_link
from moderado.moderation.categories import category_name

_STATES = {"active": _("in force"), "lifted": _("lifted"), "expired": _("expired")}


def _lift_sanction(actor_id: UUID, sanction: Sanction, values: Values) -> None:
    imposing.lift_by_hand(
        actor_id=actor_id,
        scope_ids=None,
        sanction_id=sanction.pk,
        reason=values["reason"],
        sees_restricted=True,  # the page has found it
    )


def _change_end(actor_id: UUID, sanction: Sanction, values: Values) -> None:
    term = TERMS[values["term"]]
    may_impose = is_entitled(User.objects.get(pk=actor_id), ADD_SANCTION)
    sanction_ends.change_end(
        actor_id=actor_id,
        scope_ids=None,
        imposing_scope_ids=None if may_impose else (),
        sanction_id=sanction.pk,
        until=None if term is None else clock.now() + term,
        reason=values["reason"],
        sees_restricted=True,  # the page has found it
    )


def _new_ends(_sanction: Sanction) -> list[dict[str, Any]]:
    choices = [(value, label) for value, label in term_choices() if value]
    return [{"value": value, "label": label, "is_chosen": False} for value, label in choices]


def _reasons(sanction: Sanction) -> list[dict[str, Any]]:
    return category_options(sanction.reason)


def _has_changeable_end(sanction: Sanction) -> bool:
    return sanction.kind in sanction_ends.CHANGEABLE and state_of(sanction) == "active"


def _lift_suspension(actor_id: UUID, suspension: ReportingSuspension, values: Values) -> None:
    suspensions.lift_suspension(
        actor_id=actor_id, suspension_id=suspension.pk, reason=values["reason"]
    )


def _is_in_force(suspension: ReportingSuspension) -> bool:
    return suspension.lifted_at is None and suspension.ends_at > clock.estimated()


@admin.register(Sanction)
class SanctionAdmin(CreatedByService, ActsOnPage, RestrictedPage):
    """Measures against persons, also outside of cases. Rulings and REST impose them, too."""

    making_form = SanctionForm
    making_fields = (
        "user_id", "kind", "place", "room_id", "term", "reason", "public_note", FIELD,
    )  # fmt: skip
    making_permission = ADD_SANCTION
    making_label = _("Impose")
    making_done = _("The measure is in force.")

    list_display = ("created_at", "user", "kind", "shown_state", "shown_reason", "room", "actor")
    list_filter = ("kind", InForce, ("created_at", RangeDateTimeFilter))
    list_select_related = ("user", "actor", "end_changed_by", "ruling__case")
    search_fields = (*by_person("user"), "=id", "=scope_id")
    search_help_text = _("A person, or the id of a sanction or room")
    acts = (
        Act(
            name="lift",
            label=_("Lift"),
            permission=LIFT_SANCTION,
            perform=_lift_sanction,
            done=_("The sanction is lifted."),
            is_possible=lambda sanction: state_of(sanction) == "active",
        ),
        Act(
            name="change_end",
            label=_("Change the end"),
            permission=LIFT_SANCTION,
            perform=_change_end,
            done=_("The measure has another end, and the person learns of it."),
            is_possible=_has_changeable_end,
            fields=(
                ActField(
                    name="term",
                    label=_("New end, counted from now"),
                    max_length=16,
                    options=_new_ends,
                    choose=_("Choose a term"),
                ),
                replace(REASON, label=_("Reason, for the person"), options=_reasons),
            ),
        ),
    )
    fieldsets = (
        (None, {"fields": ("user", "kind", "state", "room", "shown_reason", "public_note")}),
        (_("Term"), {"fields": ("starts_at", "ends_at", "interval_seconds", "weight")}),
        (
            _("Change of the end"),
            {"fields": ("first_ends_at", "end_changed_at", "end_changed_by", "changed_because")},
        ),
        (_("Decision"), {"fields": ("actor", "ruling")}),
        (_("Lifting"), {"fields": ("lifted_at", "lifted_by", "lift_reason", "expired_at")}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )

    def make(self, request: HttpRequest, form: Any) -> UUID:
        """Impose the sanction, once for the same form."""
        given, actor_id = form.cleaned_data, UUID(str(request.user.pk))
        room_id, term = form.scope_and_term()

        def impose() -> UUID:
            sanction, _is_new = imposing.impose_sanction(
                actor_id=actor_id,
                scope_ids=None,
                user_id=given["user_id"],
                kind=given["kind"],
                scope_id=room_id,
                term=term if takes_term(given["kind"]) else None,
                reason=given["reason"],
                public_note=given["public_note"],
            )
            return sanction.pk

        return make_once(impose, form, actor_id=actor_id, kind="sanction")

    def unrestricted(self, found: "QuerySet[Any]") -> "QuerySet[Any]":
        """Leave out sanctions of rulings and verdicts about danger to children."""
        return without_restricted_sanctions(found)

    def audit_views(self, request: HttpRequest, records: Iterable[Any]) -> None:
        """Write the audit lines of the cases of their rulings."""
        audit_views(actor_id=UUID(str(request.user.pk)), cases=cases_of(records))

    @display(
        description=_("state"),
        label=Colours({"active": "danger", "lifted": "info"}),
    )
    def shown_state(self, sanction: Sanction) -> tuple[str, Any]:
        state = state_of(sanction)
        return state, _STATES[state]

    @display(description=_("state"))
    def state(self, sanction: Sanction) -> str:
        return str(_STATES[state_of(sanction)])  # a column of labels has the code, too

    @display(description=_("reason"))
    def shown_reason(self, sanction: Sanction) -> str:
        return category_name(sanction.reason)

    @display(description=_("reason"))
    def changed_because(self, sanction: Sanction) -> str:
        return category_name(sanction.end_reason)

    @display(description=_("room"))
    def room(self, sanction: Sanction) -> str:
        return room_link(sanction)


@admin.register(Report)
class ReportAdmin(CaseRecordPage):
    """Reports of members. Rulings on their cases decide them."""

    list_display = ("created_at", "reporter", "category", "subject", "state", "outcome", "case")
    list_filter = ("state", "outcome", "category", ("created_at", RangeDateTimeFilter))
    list_select_related = ("reporter", "case")
    search_fields = (*by_person("reporter"), "=id", "=subject_id", "=scope_id")
    search_help_text = _("The reporter, or the id of a message, person or room")
    fieldsets = (
        (None, {"fields": ("reporter", "category", "comment", "subject", "room", "case")}),
        (_("Decision"), {"fields": ("state", "outcome", "is_upheld", "ruling", "decided_at")}),
        (_("Record"), {"fields": ("id", "revision", "weight", "created_at")}),
    )


@admin.register(ReportingSuspension)
class ReportingSuspensionAdmin(ActsOnPage, RecordPage):
    """Members who may not report for a time."""

    list_display = ("created_at", "user", "reason", "ends_at", "lifted_at", "actor")
    list_filter = (InForce, ("created_at", RangeDateTimeFilter))
    list_select_related = ("user", "actor")
    search_fields = (*by_person("user"), "=id")
    search_help_text = _("A person")
    acts = (
        Act(
            name="lift",
            label=_("Lift"),
            permission=SUSPEND_REPORTING,
            perform=_lift_suspension,
            done=_("The suspension is lifted."),
            is_possible=_is_in_force,
        ),
    )
    fieldsets = (
        (None, {"fields": ("user", "reason", "public_note", "ends_at", "actor")}),
        (_("Criteria"), {"fields": ("decided_reports", "rejected_reports")}),
        (_("Lifting"), {"fields": ("lifted_at", "lifted_by", "lift_reason")}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )


@admin.register(PersonBlock)
class PersonBlockAdmin(RecordPage):
    """Whom members block. Staff read it, to understand what a member does not see."""

    list_display = ("created_at", "blocker", "blocked")
    list_filter = (("created_at", RangeDateTimeFilter),)
    list_select_related = ("blocker", "blocked")
    search_fields = by_person("blocker", "blocked")
    search_help_text = _("A person")
    fields = ("blocker", "blocked", "id", "created_at")
