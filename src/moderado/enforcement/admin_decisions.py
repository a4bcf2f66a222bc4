"""Admin pages of rulings, rulings in bulk and appeals."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.rights import DECIDE_APPEAL, DECIDE_CASE, REVERSE_RULING
from moderado.core.admin import Colours
from moderado.core.admin_acts import PUBLIC_NOTE, REASON, Act, ActsOnPage, Values
from moderado.enforcement.admin_case_acts import category_options
from moderado.enforcement.admin_shared import (
    CaseRecordPage,
    RecordPage,
    by_person,
    may_undo,
    staff,
)
from moderado.enforcement.models import Appeal, BulkRuling, Ruling, Sanction
from moderado.enforcement.record_words import lines_in_words
from moderado.enforcement.selectors.restricted import appeals_for_others
from moderado.enforcement.services import bulk, rulings
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.types import AppealOutcome, AppealState
from moderado.moderation.admin_links import room_link
from moderado.moderation.categories import category_name

_CONTENT = Colours(
    {
        Ruling.Content.ALLOW: "success",
        Ruling.Content.REMOVE: "danger",
        Ruling.Content.KEEP_FLAGGED: "info",
        Ruling.Content.HOLD: "warning",
    }
)
_STATE = Colours({AppealState.OPEN: "warning"})


def _of_ruling(ruling: Ruling) -> list[dict[str, Any]]:
    return category_options(ruling.reason)


def _of_appeal(appeal: Appeal) -> list[dict[str, Any]]:
    """Return the reasons, with that of the ruling or sanction that is appealed chosen."""
    reasons = [
        *Ruling.objects.filter(pk=appeal.decision_id).values_list("reason", flat=True),
        *Sanction.objects.filter(pk=appeal.decision_id).values_list("reason", flat=True),
    ]
    return category_options(next(iter(reasons), ""))


def _of_bulk(_: BulkRuling) -> list[dict[str, Any]]:
    return category_options("")


_REASON = replace(REASON, label=_("Reason"))
_OF_RULING = replace(_REASON, options=_of_ruling)
_OF_APPEAL = replace(_REASON, options=_of_appeal)
_OF_BULK = replace(_REASON, options=_of_bulk)


def _undo(actor_id: UUID, ruling: Ruling, _values: Values) -> None:
    rulings.undo(actor=staff(actor_id), ruling_id=ruling.pk)


def _reverse(actor_id: UUID, ruling: Ruling, values: Values) -> None:
    rulings.reverse(actor=staff(actor_id), ruling_id=ruling.pk, reason=values["reason"])


def _reverse_bulk(actor_id: UUID, row: BulkRuling, values: Values) -> None:
    bulk.reverse_bulk(actor=staff(actor_id), bulk_id=row.pk, reason=values["reason"])


def _uphold(actor_id: UUID, appeal: Appeal, values: Values) -> None:
    _decide(actor_id, appeal, AppealOutcome.UPHELD, values)


def _overturn(actor_id: UUID, appeal: Appeal, values: Values) -> None:
    _decide(actor_id, appeal, AppealOutcome.OVERTURNED, values)


def _decide(actor_id: UUID, appeal: Appeal, outcome: AppealOutcome, values: Values) -> None:
    decide_appeal(
        actor=staff(actor_id),
        appeal_id=appeal.pk,
        outcome=outcome,
        reason=values["reason"],
        public_note=values["public_note"].strip(),
    )


def _waits(appeal: Appeal) -> bool:
    return appeal.state == AppealState.OPEN and appeal.case_id is None


@admin.register(Ruling)
class RulingAdmin(ActsOnPage, CaseRecordPage):
    """Decisions of moderators. They are made on the page of a case."""

    list_display = ("created_at", "shown_content", "shown_reason", "subject", "author", "actor")
    list_filter = (
        "content",
        ("undone_at", admin.EmptyFieldListFilter),
        ("reverses", admin.EmptyFieldListFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("author", "actor", "case")
    search_fields = (*by_person("author", "actor"), "=id", "=case__id", "=subject_id", "=scope_id")
    search_help_text = _("A person, or the id of a ruling, case, message or room")
    acts = (
        Act(
            name="undo",
            label=_("Undo"),
            permission=DECIDE_CASE,
            perform=_undo,
            done=_("The ruling is undone."),
            is_possible=may_undo,
            fields=(),
        ),
        Act(
            name="reverse",
            label=_("Reverse"),
            permission=REVERSE_RULING,
            perform=_reverse,
            done=_("The ruling is reversed."),
            is_possible=lambda ruling: ruling.undone_at is None and not ruling.is_reversed,
            fields=(_OF_RULING,),
        ),
    )
    fieldsets = (
        (None, {"fields": ("case", "subject", "room", "author", "content", "shown_reason")}),
        (_("Notes"), {"fields": ("public_note", "private_note")}),
        (
            _("Decision"),
            {"fields": ("actor", "effective_at", "undo_until", "undone_at", "settled_at")},
        ),
        (_("Record"), {"fields": ("id", "revision", "reverses", "bulk", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Ruling]":
        reversals = Ruling.objects.filter(reverses=OuterRef("pk"), undone_at=None)
        found: QuerySet[Ruling] = super().get_queryset(request)
        return found.annotate(is_reversed=Exists(reversals))

    @display(description=_("content"), ordering="content", label=_CONTENT)
    def shown_content(self, ruling: Ruling) -> tuple[str, str]:
        return ruling.content, ruling.get_content_display()

    @display(description=_("reason"))
    def shown_reason(self, ruling: Ruling) -> str:
        return category_name(ruling.reason)

    @display(description=_("room"))
    def room(self, ruling: Ruling) -> str:
        return room_link(ruling)


@admin.register(BulkRuling)
class BulkRulingAdmin(ActsOnPage, RecordPage):
    """Rulings on many cases at once."""

    list_display = ("created_at", "actor", "state", "matched", "decided", "skipped", "finished_at")
    list_filter = ("state", ("created_at", RangeDateTimeFilter))
    list_select_related = ("actor",)
    search_fields = (*by_person("actor"), "=id")
    search_help_text = _("A person")
    acts = (
        Act(
            name="reverse",
            label=_("Reverse all of them"),
            permission=REVERSE_RULING,
            perform=_reverse_bulk,
            done=_("The reversal has begun."),
            is_possible=lambda row: row.state in {row.State.RUNNING, row.State.DONE},
            fields=(_OF_BULK,),
        ),
    )
    fieldsets = (
        (None, {"fields": ("actor", "state", "matched", "decided", "skipped", "finished_at")}),
        (_("What it decides"), {"fields": ("shown_filter", "shown_ruling", "scope_ids")}),
        (_("Reversal"), {"fields": ("reversed_by", "reversal_reason")}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )

    @display(description=_("filter"))
    def shown_filter(self, bulk: BulkRuling) -> str:
        return lines_in_words(bulk.filter)

    @display(description=_("ruling"))
    def shown_ruling(self, bulk: BulkRuling) -> str:
        return lines_in_words(bulk.ruling)


@admin.register(Appeal)
class AppealAdmin(ActsOnPage, CaseRecordPage):
    """Appeals, decided by another person than the first decider."""

    list_display = ("created_at", "appellant", "decision_type", "shown_state", "due_at", "case")
    list_filter = ("state", "outcome", "decision_type", ("created_at", RangeDateTimeFilter))
    list_select_related = ("appellant", "case")
    search_fields = (*by_person("appellant"), "=id", "=decision_id", "=subject_id", "=scope_id")
    search_help_text = _("The appellant, or the id of a decision, message or room")
    acts = (
        Act(
            name="uphold",
            label=_("Uphold the decision"),
            permission=DECIDE_APPEAL,
            perform=_uphold,
            done=_("The appeal is decided."),
            is_possible=_waits,
            fields=(_OF_APPEAL, PUBLIC_NOTE),
        ),
        Act(
            name="overturn",
            label=_("Overturn the decision"),
            permission=DECIDE_APPEAL,
            perform=_overturn,
            done=_("The appeal is decided."),
            is_possible=_waits,
            fields=(_OF_APPEAL, PUBLIC_NOTE),
        ),
    )
    fieldsets = (
        (None, {"fields": ("appellant", "text", "decision_type", "subject", "room", "due_at")}),
        (_("First decision"), {"fields": ("first_decider", "appealed", "case")}),
        (
            _("Decision"),
            {"fields": ("state", "outcome", "reason", "public_note", "decided_by", "decided_at")},
        ),
        (_("Record"), {"fields": ("id", "decision_id", "told_at", "reminded_at", "created_at")}),
    )

    def unrestricted(self, found: "QuerySet[Any]") -> "QuerySet[Any]":
        """Leave out appeals of decisions in restricted cases."""
        return appeals_for_others(found)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Appeal]":
        """Leave out the viewer's own appeals: their pages say who decided first."""
        found: QuerySet[Appeal] = super().get_queryset(request)
        return found.exclude(appellant=UUID(str(request.user.pk)))

    @display(description=_("state"), ordering="state", label=_STATE)
    def shown_state(self, appeal: Appeal) -> tuple[str, Any]:
        if appeal.outcome:
            return appeal.outcome, appeal.get_outcome_display()
        return appeal.state, appeal.get_state_display()

    @display(description=_("room"))
    def room(self, appeal: Appeal) -> str:
        return room_link(appeal)
