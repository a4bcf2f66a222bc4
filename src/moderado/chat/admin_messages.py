"""Admin pages of messages, read-only.

Of messages with a restricted case, staff without the right see what the room shows, and no mark of
the case: a gap would tell of it, as would a waiting edit or a category.
"""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.rights import VIEW_RESTRICTED_CASE
from moderado.chat.models import Message, Revision
from moderado.chat.types import MESSAGE
from moderado.core.admin import AuditedReading, Colours, ReadOnly
from moderado.moderation.categories import category_list
from moderado.moderation.labels import REASONS, label
from moderado.moderation.restricted_cases import (
    RESTRICTED,
    has_restricted_case,
    restricted_among,
)

M = TypeVar("M", bound=Model)

Status = Message.Status
EXCERPT = 80


def _shown_to(request: HttpRequest, found: "QuerySet[M]", *, message: str) -> "QuerySet[M]":
    """Leave out what is not approved of messages of restricted cases, without the right to these.

    Args:
        request: Of the staff who read.
        found: Messages or revisions, with their `status`.
        message: The column with the id of the message.
    """
    if request.user.has_perm(VIEW_RESTRICTED_CASE):
        return found
    is_restricted = has_restricted_case(subject_type=Value(MESSAGE), subject=message)
    return found.filter(Q(status=Status.APPROVED) | ~is_restricted)


class Revisions(ReadOnly, TabularInline):
    model = Revision
    fields = readonly_fields = ("revision", "status", "text", "created_at")
    ordering = ("-revision",)
    tab = True

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Revision]":
        """Leave out what others never saw of messages of restricted cases."""
        return _shown_to(request, super().get_queryset(request), message="message_id")


@admin.register(Message)
class MessageAdmin(AuditedReading, ReadOnly, ModelAdmin):
    """Messages, read-only: moderators rule on cases. Each view leaves an audit line."""

    list_display = ("created_at", "shown_status", "author", "room", "excerpt", "shown_reason")
    list_display_links = ("created_at", "excerpt")
    list_filter = (
        "status",
        ("room", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_select_related = ("author", "room")
    search_fields = ("text", "author__name", "author__email", "=id")
    ordering = ("-id",)  # by creation time: ids are UUIDs of version 7
    show_full_result_count = False
    inlines = (Revisions,)
    fieldsets = (
        (None, {"fields": ("author", "room", "text", "status", "shown_reason", "found")}),
        (_("Waiting edit"), {"fields": ("edit_text", "edit_status", "shown_edit_reason")}),
        (
            _("Record"),
            {
                "fields": (
                    "id",
                    "client_id",
                    "revision",
                    "position",
                    "seq",
                    "reply_to",
                    "created_at",
                    "edited_at",
                    "published_at",
                    "queued_at",
                    "attempts",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Message]":
        """Leave out what the room does not show of restricted cases for those without the right."""
        return _shown_to(request, super().get_queryset(request), message="id")

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Message | None:
        """Return the message; of a restricted case only what the room shows, without a mark."""
        found: Message | None = super().get_object(request, *args, **kwargs)
        if found is None or request.user.has_perm(VIEW_RESTRICTED_CASE):
            return found
        if restricted_among([found.pk], subject_types=[MESSAGE]):
            found.categories = sorted({*found.categories} - RESTRICTED)
            found.edit_text = found.edit_status = None
            found.edit_reason = ""
        return found

    @display(
        description=_("status"),
        ordering="status",
        label=Colours(
            {
                Status.PENDING: "info",
                Status.APPROVED: "success",
                Status.REJECTED: "danger",
                Status.HELD: "warning",
            }
        ),
    )
    def shown_status(self, message: Message) -> tuple[str, str]:
        return message.status, message.get_status_display()

    @display(description=_("text"))
    def excerpt(self, message: Message) -> str:
        return Truncator(message.text).chars(EXCERPT)

    @display(description=_("reason"))
    def shown_reason(self, message: Message) -> str:
        return label(REASONS, message.reason) or "-"

    @display(description=_("reason of the edit"))
    def shown_edit_reason(self, message: Message) -> str:
        return label(REASONS, message.edit_reason) or "-"

    @display(description=_("categories"))
    def found(self, message: Message) -> str:
        return category_list(message.categories) or "-"
