"""Admin pages of shadow verdicts."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.rights import VIEW_RESTRICTED_CASE
from moderado.core.admin import AuditedReading, ReadOnly
from moderado.moderation.admin_links import NamesSubjects
from moderado.moderation.blind_cases import revealed
from moderado.moderation.categories import category_list
from moderado.moderation.models import ShadowResult
from moderado.moderation.restricted_cases import unrestricted_results


@admin.register(ShadowResult)
class ShadowResultAdmin(NamesSubjects, AuditedReading, ReadOnly, ModelAdmin):
    """What shadows would have decided, beside what was decided."""

    list_display = ("created_at", "policy", "provider", "version", "decided", "outcome", "error")
    list_filter = ("policy", "decided", "outcome", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("=subject_id",)
    search_help_text = _("The id of a message or of a room")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("policy", "policy_version", "provider", "version")}),
        (_("verdict"), {"fields": ("decided", "outcome", "found", "score", "error")}),
        (_("Subject"), {"fields": ("subject", "revision", "room")}),
        (_("Record"), {"fields": ("id", "line_id", "signals", "latency", "cost", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ShadowResult]":
        rows: QuerySet[ShadowResult] = revealed(super().get_queryset(request))
        return rows if request.user.has_perm(VIEW_RESTRICTED_CASE) else unrestricted_results(rows)

    @display(description=_("categories"))
    def found(self, row: ShadowResult) -> str:
        return category_list(row.categories) or "-"
