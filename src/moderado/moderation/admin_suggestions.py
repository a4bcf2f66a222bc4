"""The admin page of suggested scores: staff with the permissions read and delete them."""

from typing import cast

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from moderado.core.admin import Audited, ReadOnly
from moderado.moderation.models import SuggestedScore


@admin.register(SuggestedScore)
class SuggestedScoreAdmin(Audited, ReadOnly, ModelAdmin):
    list_display = ("created_at", "api_key", "community", "languages", "scores")
    list_filter = ("api_key",)
    list_select_related = ("api_key",)
    fields = ("id", *list_display, "text")
    ordering = ("-created_at", "-id")
    show_full_result_count = False

    def has_delete_permission(self, *arguments: object) -> bool:
        """Allow staff to erase texts that other systems have sent."""
        request = cast("HttpRequest", arguments[0])
        return request.user.has_perm("moderation.delete_suggestedscore")
