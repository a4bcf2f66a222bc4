"""Admin pages of policies: read, enable, roll back. Documents are written in files or by REST."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from moderado.accounts.models import User
from moderado.accounts.rights import ENABLE_POLICY
from moderado.core.admin import Audited, Colours, ReadOnly, act_on_each
from moderado.moderation.models import Policy, PolicyAssignment, PolicyChange, PolicyVersion
from moderado.moderation.services import policies
from moderado.moderation.services.policy_documents import document_yaml

_ENABLED = Colours({True: "success"})


@admin.register(Policy)
class PolicyAdmin(Audited, ReadOnly, ModelAdmin):
    """The policies. A rollback enables the version that was enabled before."""

    list_display = ("name", "shown_version", "extends", "created_at", "deleted_at")
    list_select_related = ("enabled", "extends")
    search_fields = ("name",)
    ordering = ("name",)
    actions: ClassVar = ["roll_back"]
    fieldsets = (
        (None, {"fields": ("name", "extends", "shown_version")}),
        (_("Record"), {"fields": ("id", "in_force", "created_at", "deleted_at")}),
    )

    def has_enable_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ENABLE_POLICY)

    @display(description=_("enabled version"))
    def shown_version(self, policy: Policy) -> str:
        return str(policy.enabled.number) if policy.enabled else "-"

    @admin.action(description=_("Roll back to the version before"), permissions=["enable"])
    def roll_back(self, request: HttpRequest, chosen: "QuerySet[Policy]") -> None:
        def act(policy: Policy) -> None:
            policies.rollback(actor_id=cast("User", request.user).id, name=policy.name)

        if act_on_each(self, request, chosen, "roll_back", act):
            self.message_user(request, gettext("The version before is enabled."), messages.SUCCESS)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(Audited, ReadOnly, ModelAdmin):
    """The versions. One whose examples fail, or that is unfair, is not enabled here."""

    list_display = ("policy", "number", "is_enabled", "author", "reason", "created_at")
    list_filter = ("policy",)
    list_select_related = ("policy", "author")
    ordering = ("policy__name", "-number")
    actions: ClassVar = ["enable"]
    fieldsets = (
        (None, {"fields": ("policy", "number", "is_enabled", "author", "reason")}),
        (_("document"), {"fields": ("shown_document",)}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )

    def has_enable_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ENABLE_POLICY)

    @display(description=_("enabled"), label=_ENABLED)
    def is_enabled(self, version: PolicyVersion) -> tuple[bool, Any]:
        is_enabled = version.policy.enabled_id == version.id
        return is_enabled, _("yes") if is_enabled else _("no")

    @display(description=_("document"))
    def shown_document(self, version: PolicyVersion) -> str:
        return format_html("<pre>{}</pre>", document_yaml(version.document))

    @admin.action(description=_("Enable"), permissions=["enable"])
    def enable(self, request: HttpRequest, chosen: "QuerySet[PolicyVersion]") -> None:
        def act(version: PolicyVersion) -> None:
            policies.enable(
                actor_id=cast("User", request.user).id,
                name=version.policy.name,
                number=version.number,
            )

        if act_on_each(self, request, chosen, "enable", act):
            self.message_user(request, gettext("The version is enabled."), messages.SUCCESS)


@admin.register(PolicyAssignment)
class PolicyAssignmentAdmin(ReadOnly, ModelAdmin):
    """Where policies apply."""

    list_display = ("policy", "scope_id", "room_type", "created_at")
    list_select_related = ("policy",)
    ordering = ("created_at",)


@admin.register(PolicyChange)
class PolicyChangeAdmin(ReadOnly, ModelAdmin):
    """Who changed which policy, and why."""

    list_display = ("created_at", "policy", "action", "version", "actor", "reason")
    list_filter = ("policy", "action")
    list_select_related = ("policy", "version__policy", "actor")
    ordering = ("-created_at", "-id")
