"""Admin pages of the moderation queue and the audit log."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.rights import DECIDE_CASE
from moderado.core.admin import Audited, ReadOnly, act_on_each
from moderado.moderation import registry
from moderado.moderation.models import (
    Case,
    ModerationLog,
    ProviderCall,
    ProviderHealth,
    SubjectRevision,
)
from moderado.moderation.services import review
from moderado.moderation.types import Outcome

EXCERPT = 120
_COLOURS = {
    Outcome.ALLOW.value: "success",
    Outcome.FLAG.value: "info",
    Outcome.HOLD.value: "warning",
    Outcome.BLOCK.value: "danger",
}


class ProviderFilter(admin.SimpleListFilter):
    title = _("provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            (configured.name, configured.name) for configured in registry.configured_providers()
        ]

    def queryset(
        self, _request: HttpRequest, queryset: "QuerySet[ModerationLog]"
    ) -> "QuerySet[ModerationLog]":
        provider = self.value()
        return queryset.filter(raw__has_key=provider) if provider else queryset


class DecidedByFilter(admin.SimpleListFilter):
    title = _("decided by")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("machine", _("a machine")), ("person", _("a person"))]

    def queryset(
        self, _request: HttpRequest, queryset: "QuerySet[ModerationLog]"
    ) -> "QuerySet[ModerationLog]":
        if self.value() is None:
            return queryset
        return queryset.filter(actor__isnull=self.value() == "machine")


@admin.register(ModerationLog)
class ModerationLogAdmin(ReadOnly, ModelAdmin):
    """Append-only, as in the database."""

    list_display = (
        "created_at",
        "shown_verdict",
        "found",
        "score",
        "decided_by",
        "actor",
        "subject_id",
    )
    list_filter = ("verdict", ProviderFilter, DecidedByFilter, ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("actor",)
    search_fields = ("=subject_id", "=scope_id")
    search_help_text = _("The id of a message or of a room")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("verdict", "reason", "score", "categories", "decided_by", "actor")}),
        (_("Subject"), {"fields": ("subject_type", "subject_id", "revision", "scope_id")}),
        (
            _("How it was found"),
            {
                "fields": (
                    "provider",
                    "model",
                    "policy_version",
                    "matches",
                    "failures",
                    "latency",
                    "cost",
                    "raw",
                )
            },
        ),
        (_("Record"), {"fields": ("id", "created_at")}),
    )

    @display(description=_("verdict"), ordering="verdict", label=_COLOURS)
    def shown_verdict(self, line: ModerationLog) -> str:
        return line.verdict

    @display(description=_("found"))
    def found(self, line: ModerationLog) -> str:
        return ", ".join(sorted(line.categories)) or "-"


@admin.register(ProviderCall)
class ProviderCallAdmin(ReadOnly, ModelAdmin):
    """Calls to remote providers: their cost, and those of unknown outcome."""

    list_display = ("created_at", "provider", "state", "cost", "attempt", "error", "subject_id")
    list_filter = ("state", "provider", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("=subject_id",)
    search_help_text = _("The id of a message or of a room")
    ordering = ("-created_at", "-id")
    show_full_result_count = False


@admin.register(ProviderHealth)
class ProviderHealthAdmin(ReadOnly, ModelAdmin):
    """Which providers are not called at the moment, and until when."""

    list_display = ("provider", "open_until", "rests_until")
    ordering = ("provider",)


@admin.register(SubjectRevision)
class SubjectRevisionAdmin(ReadOnly, ModelAdmin):
    """Names of accounts and rooms: what was proposed, and what others see."""

    list_display = ("shown_text", "subject_type", "status", "author", "created_at")
    list_filter = ("status", "subject_type", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("author",)
    search_fields = ("=subject_id", "text")
    ordering = ("-created_at", "-id")
    show_full_result_count = False

    @display(description=_("text"))
    def shown_text(self, row: SubjectRevision) -> str:
        return format_html('<bdi dir="auto">{}</bdi>', Truncator(row.text).chars(EXCERPT))


@admin.register(Case)
class CaseAdmin(Audited, ReadOnly, ModelAdmin):
    """Cases that wait for a moderator. Rulings are actions; fields are not editable."""

    list_display = (
        "excerpt",
        "shown_state",
        "shown_origin",
        "score",
        "found",
        "claimed_by",
        "created_at",
    )
    list_filter = ("state", "origin", "outcome", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("claimed_by",)
    search_fields = ("=subject_id", "=scope_id", "text")
    search_help_text = _("Words of the text, or the id of a message or of a room")
    ordering = ("-state", "-score", "created_at")  # open cases first
    show_full_result_count = False
    actions: ClassVar = ["approve", "reject"]
    fieldsets = (
        (None, {"fields": ("text", "origin", "score", "categories")}),
        (
            _("Ruling"),
            {
                "fields": (
                    "state",
                    "outcome",
                    "reason",
                    "note",
                    "decided_by",
                    "decided_at",
                    "close_reason",
                    "closed_at",
                )
            },
        ),
        (_("In hand"), {"fields": ("claimed_by", "claimed_until")}),
        (
            _("Record"),
            {"fields": ("id", "subject_type", "subject_id", "revision", "scope_id", "created_at")},
        ),
    )

    def has_rule_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DECIDE_CASE)

    @display(description=_("text"))
    def excerpt(self, case: Case) -> str:
        return format_html('<bdi dir="auto">{}</bdi>', Truncator(case.text).chars(EXCERPT))

    @display(description=_("state"), ordering="state", label={Case.State.OPEN: "warning"})
    def shown_state(self, case: Case) -> tuple[str, str]:
        if case.state == Case.State.DECIDED:
            return case.outcome, case.get_outcome_display()
        if case.state == Case.State.CLOSED:
            return case.state, case.get_close_reason_display()
        return case.state, case.get_state_display()

    @display(
        description=_("origin"),
        ordering="origin",
        label={Case.Origin.HOLD: "danger", Case.Origin.FLAG: "info"},
    )
    def shown_origin(self, case: Case) -> tuple[str, str]:
        return case.origin, case.get_origin_display()

    @display(description=_("categories"))
    def found(self, case: Case) -> str:
        return ", ".join(case.categories) or "-"

    @admin.action(description=_("Approve: the message is shown"), permissions=["rule"])
    def approve(self, request: HttpRequest, chosen: "QuerySet[Case]") -> None:
        self._rule(request, chosen, Outcome.ALLOW)

    @admin.action(description=_("Reject: the message is not shown"), permissions=["rule"])
    def reject(self, request: HttpRequest, chosen: "QuerySet[Case]") -> None:
        self._rule(request, chosen, Outcome.BLOCK)

    def _rule(self, request: HttpRequest, chosen: "QuerySet[Case]", outcome: Outcome) -> None:
        actor_id = cast("UUID", request.user.pk)  # the admin requires a signed-in user

        def rule(case: Case) -> None:
            review.rule(
                actor_id=actor_id,
                case_id=case.id,
                outcome=outcome,
                reason="reviewed",
                scope_ids=None,
            )

        done = act_on_each(self, request, chosen, str(outcome.value).lower(), rule)
        summary = ngettext("%d case decided.", "%d cases decided.", done)
        self.message_user(request, summary % done, messages.SUCCESS if done else messages.INFO)
