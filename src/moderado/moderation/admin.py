"""Admin pages of the audit log, of providers and of judged names."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.rights import VIEW_RESTRICTED_CASE
from moderado.core.admin import AuditedReading, Colours, ReadOnly
from moderado.moderation import (
    admin_evaluations,  # noqa: F401  (registers itself)
    admin_policies,  # noqa: F401  (registers itself)
    admin_shadows,  # noqa: F401  (registers itself)
    admin_suggestions,  # noqa: F401  (registers itself)
    registry,
)
from moderado.moderation.admin_links import NamesSubjects
from moderado.moderation.admin_texts import texts_as_html
from moderado.moderation.blind_cases import revealed
from moderado.moderation.categories import category_list, category_name
from moderado.moderation.labels import REASONS, STEPS, SUBJECTS, label
from moderado.moderation.models import (
    ModerationLog,
    ProviderCall,
    ProviderHealth,
    SubjectRevision,
)
from moderado.moderation.restricted_cases import (
    RESTRICTED,
    calls_for_others,
    lines_for_others,
    rows_for_others,
)
from moderado.moderation.types import Outcome

EXCERPT = 120
_COLOURS = Colours(
    {
        Outcome.ALLOW.value: "success",
        Outcome.FLAG.value: "info",
        Outcome.HOLD.value: "warning",
        Outcome.BLOCK.value: "danger",
    }
)


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
        # Lines of older releases have the answers in `raw` alone.
        answered = Q(signals__has_key=provider) | Q(raw__has_key=provider)
        return queryset.filter(answered) if provider else queryset


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


class SubjectTypeFilter(admin.SimpleListFilter):
    title = _("subject type")
    parameter_name = "subject_type"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [(kind, SUBJECTS[kind]) for kind in ("user_name", "room_name")]

    def queryset(
        self, _request: HttpRequest, queryset: "QuerySet[SubjectRevision]"
    ) -> "QuerySet[SubjectRevision]":
        kind = self.value()
        return queryset.filter(subject_type=kind) if kind else queryset


def _sees_restricted(request: HttpRequest) -> bool:
    return request.user.has_perm(VIEW_RESTRICTED_CASE)


@admin.register(ModerationLog)
class ModerationLogAdmin(NamesSubjects, AuditedReading, ReadOnly, ModelAdmin):
    """Append-only, as in the database. Each view leaves an audit line."""

    list_display = (
        "created_at",
        "shown_verdict",
        "found",
        "score",
        "shown_step",
        "actor",
        "subject",
    )
    list_filter = ("verdict", ProviderFilter, DecidedByFilter, ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("actor",)
    search_fields = ("=subject_id", "=scope_id")
    search_help_text = _("The id of a message or of a room")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("verdict", "shown_reason", "score", "found", "shown_step", "actor")}),
        (_("Subject"), {"fields": ("subject", "revision", "room")}),
        (
            _("How it was found"),
            {
                "fields": (
                    "provider",
                    "model",
                    "policy",
                    "policy_version",
                    "basis",
                    "matches",
                    "signals",
                    "facts",
                    "failures",
                    "latency",
                    "cost",
                    "shown_texts",
                )
            },
        ),
        (_("Record"), {"fields": ("id", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ModerationLog]":
        lines: QuerySet[ModerationLog] = revealed(super().get_queryset(request))
        return lines if _sees_restricted(request) else lines_for_others(lines)

    @display(description=_("texts"))
    def shown_texts(self, line: ModerationLog) -> str:
        return texts_as_html(line)

    @display(description=_("verdict"), ordering="verdict", label=_COLOURS)
    def shown_verdict(self, line: ModerationLog) -> tuple[str, str]:
        return line.verdict, line.get_verdict_display()

    @display(description=_("reason"))
    def shown_reason(self, line: ModerationLog) -> str:
        return label(REASONS, line.reason)

    @display(description=_("decided by"))
    def shown_step(self, line: ModerationLog) -> str:
        return label(STEPS, line.decided_by)

    @display(description=_("found"))
    def found(self, line: ModerationLog) -> str:
        scores = sorted(line.categories.items())
        named = (f"{category_name(code)} ({localize(score)})" for code, score in scores)
        return ", ".join(named) or "-"


@admin.register(ProviderCall)
class ProviderCallAdmin(NamesSubjects, AuditedReading, ReadOnly, ModelAdmin):
    """Calls to remote providers: their cost, and those of unknown outcome."""

    list_display = ("created_at", "provider", "state", "cost", "attempt", "error", "subject")
    list_filter = ("state", "provider", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("=subject_id",)
    search_help_text = _("The id of a message or of a room")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("provider", "model", "state", "purpose", "attempt", "cost", "error")}),
        (_("Subject"), {"fields": ("subject", "revision")}),
        (_("Record"), {"fields": ("id", "created_at", "settled_at", "response")}),
        (_("Answer"), {"fields": ("shown_texts",)}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ProviderCall]":
        calls: QuerySet[ProviderCall] = revealed(super().get_queryset(request))
        return calls if _sees_restricted(request) else calls_for_others(calls)

    @display(description=_("texts"))
    def shown_texts(self, call: ProviderCall) -> str:
        return texts_as_html(call)


@admin.register(ProviderHealth)
class ProviderHealthAdmin(ReadOnly, ModelAdmin):
    """Which providers are not called at the moment, and until when."""

    list_display = ("provider", "open_until", "rests_until")
    ordering = ("provider",)


@admin.register(SubjectRevision)
class SubjectRevisionAdmin(NamesSubjects, AuditedReading, ReadOnly, ModelAdmin):
    """Names of accounts and rooms: what was proposed, and what others see."""

    list_display = ("shown_text", "shown_type", "status", "author", "created_at")
    fieldsets = (
        (None, {"fields": ("text", "shown_type", "status", "shown_reason", "found", "author")}),
        (_("Record"), {"fields": ("id", "subject", "revision", "created_at")}),
        (_("Queue"), {"fields": ("queued_at", "lease_until", "fence", "attempts")}),
    )
    list_filter = ("status", SubjectTypeFilter, ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("author",)
    search_fields = ("=subject_id", "text")
    ordering = ("-created_at", "-id")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SubjectRevision]":
        rows: QuerySet[SubjectRevision] = super().get_queryset(request)
        if _sees_restricted(request):
            return rows
        is_named = Q(categories__overlap=list(RESTRICTED))
        return rows_for_others(rows.exclude(is_named & ~Q(status=SubjectRevision.Status.APPROVED)))

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> SubjectRevision | None:
        """Return the text; of a restricted case without a mark of it."""
        found: SubjectRevision | None = super().get_object(request, *args, **kwargs)
        if found is not None and not _sees_restricted(request):
            found.categories = sorted({*found.categories} - RESTRICTED)
        return found

    @display(description=_("text"))
    def shown_text(self, row: SubjectRevision) -> str:
        return format_html('<bdi dir="auto">{}</bdi>', Truncator(row.text).chars(EXCERPT))

    @display(description=_("subject type"))
    def shown_type(self, row: SubjectRevision) -> str:
        return label(SUBJECTS, row.subject_type)

    @display(description=_("reason"))
    def shown_reason(self, row: SubjectRevision) -> str:
        return label(REASONS, row.reason) or "-"

    @display(description=_("categories"))
    def found(self, row: SubjectRevision) -> str:
        return category_list(row.categories) or "-"
