"""Admin pages of policies: write versions, enable, roll back, assign, delete."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from moderado.accounts.models import User
from moderado.accounts.rights import (
    ADD_EVALUATION,
    ADD_POLICY,
    DELETE_POLICY,
    ENABLE_POLICY,
)
from moderado.core.admin import Audited, Colours, PageWithContext, ReadOnly, act_on_each
from moderado.moderation.admin_links import NamesSubjects
from moderado.moderation.admin_policy_forms import (
    FIELD,
    NEW_DOCUMENT,
    AssignmentForm,
    VersionForm,
)
from moderado.moderation.labels import ROOM_TYPE_NAMES
from moderado.moderation.models import (
    Evaluation,
    Policy,
    PolicyAssignment,
    PolicyChange,
    PolicyVersion,
)
from moderado.moderation.models.policies import REASON_LENGTH
from moderado.moderation.services import policies, policy_drafts
from moderado.moderation.services.enabling import before_enabling
from moderado.moderation.services.evaluations import EvaluationRequest, request_evaluation
from moderado.moderation.services.policy_assignments import assign_one
from moderado.moderation.services.policy_documents import document_yaml

PAGE = "admin/moderation/version_page.html"


@admin.register(Policy)
class PolicyAdmin(Audited, ReadOnly, ModelAdmin):
    """The policies. A rollback enables the version that was enabled before.

    Their versions are written on the page of versions.
    """

    services_audit = True
    list_display = ("name", "shown_version", "extends", "created_at", "deleted_at")
    list_select_related = ("enabled", "extends")
    search_fields = ("name",)
    ordering = ("name",)
    actions: ClassVar = ["roll_back", "delete_policy"]
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

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DELETE_POLICY)

    @admin.action(description=_("Delete"), permissions=["remove"])
    def delete_policy(self, request: HttpRequest, chosen: "QuerySet[Policy]") -> None:
        def act(policy: Policy) -> None:
            policies.delete_policy(actor_id=cast("User", request.user).id, name=policy.name)

        if act_on_each(self, request, chosen, "delete_policy", act):
            self.message_user(request, gettext("The policy is deleted."), messages.SUCCESS)


class ShowsReason:
    """Pages of versions and changes of policies, which show why they were made."""

    @display(description=_("reason"), ordering="reason")
    def shown_reason(self, row: PolicyVersion | PolicyChange) -> str:
        return row.reason_in_words or "-"


class ShowsEnabled:
    """A page of versions of policies, which shows whether each is enabled."""

    @display(description=_("enabled"), label=Colours({True: "success"}))
    def is_enabled(self, version: PolicyVersion) -> tuple[bool, Any]:
        is_enabled = version.policy.enabled_id == version.pk
        return is_enabled, _("yes") if is_enabled else _("no")

    @display(description=_("enabled"))
    def enabled_in_words(self, version: PolicyVersion) -> str:
        return str(self.is_enabled(version)[1])  # a column of labels has the code, too


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ShowsEnabled, ShowsReason, Audited, ReadOnly, PageWithContext, ModelAdmin):
    """The versions. The page of one shows first what would follow if it were enabled."""

    services_audit = True
    form = VersionForm
    list_display = ("policy", "number", "is_enabled", "author", "shown_reason", "created_at")
    list_filter = ("policy",)
    list_select_related = ("policy", "author")
    ordering = ("policy__name", "-number")
    change_form_outer_before_template = PAGE
    fieldsets = (
        (None, {"fields": ("policy", "number", "enabled_in_words", "author", "shown_reason")}),
        (_("document"), {"fields": ("shown_document",)}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("yaml", "reason", FIELD)}),)

    def has_add_permission(self, *args: Any) -> bool:
        request: HttpRequest = args[0]
        return request.user.has_perm(ADD_POLICY)

    def has_enable_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ENABLE_POLICY)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fieldsets if obj is None else self.fieldsets

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the document of `?version=`, for those who may read it."""
        chosen = request.GET.get("version", "")
        found = self.get_object(request, chosen) if chosen else None
        if found is None or not self.has_view_permission(request, found):
            return {"yaml": NEW_DOCUMENT}
        return {"yaml": document_yaml(found.document)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Save the version by the service, and show the one that it stored."""
        assert not change, "versions never change"
        saved = policy_drafts.save_document(
            actor_id=cast("User", request.user).id,
            document=form.document,
            reason=form.cleaned_data["reason"],
            client_id=form.client_key(),
        )
        stored = saved.version
        obj.pk, obj.policy, obj.number = stored.pk, stored.policy, stored.number

    def response_add(self, request: HttpRequest, obj: Any, *_: Any, **__: Any) -> HttpResponse:
        """Show what would follow if the version were enabled."""
        text = gettext("The version is saved. It is not enabled.")
        self.message_user(request, text, messages.SUCCESS)
        may_view = self.has_view_permission(request, obj)
        page = reverse("admin:moderation_policyversion_change", args=[obj.pk])
        return HttpResponseRedirect(page if may_view else reverse("admin:index"))

    @display(description=_("document"))
    def shown_document(self, version: PolicyVersion) -> str:
        return format_html("<pre>{}</pre>", document_yaml(version.document))

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (
            ("<uuid:version_id>/enable/", "moderation_policyversion_enable", self.enable),
            ("<uuid:version_id>/backtest/", "moderation_policyversion_backtest", self.backtest),
        )

    def page_context(self, request: HttpRequest, record: PolicyVersion) -> dict[str, Any]:
        """Return what would follow from the version, and what the viewer may do with it."""
        return {
            "found": before_enabling(record),
            "may_add": self.has_add_permission(request),
            "may_enable": self.has_enable_permission(request),
            "may_evaluate": request.user.has_perm(ADD_EVALUATION),
            "is_in_force": record.policy.enabled_id == record.id,
        }

    def enable(self, request: HttpRequest, version_id: UUID, **_: object) -> HttpResponse:
        """Enable a version, from its page, which shows first what would follow."""
        version = self._posted(request, version_id, may=self.has_enable_permission(request))

        def act(version: PolicyVersion) -> None:
            policies.enable(
                actor_id=cast("User", request.user).id,
                name=version.policy.name,
                number=version.number,
                reason=request.POST.get("reason", "")[:REASON_LENGTH],
                confirm_fairness=request.POST.get("confirm_fairness") == "on",
            )

        if version is not None and act_on_each(self, request, [version], "enable", act):
            self.message_user(request, gettext("The version is enabled."), messages.SUCCESS)
        return HttpResponseRedirect(
            reverse("admin:moderation_policyversion_change", args=[version_id])
        )

    def backtest(self, request: HttpRequest, version_id: UUID, **_: object) -> HttpResponse:
        """Start a backtest of the last 30 days, and show it."""
        may = request.user.has_perm(ADD_EVALUATION)
        version = self._posted(request, version_id, may=may)
        made: list[Evaluation] = []

        def act(version: PolicyVersion) -> None:
            wanted = EvaluationRequest(
                kind=Evaluation.Kind.BACKTEST, policy=version.policy.name, version=version.number
            )
            made.append(request_evaluation(actor_id=cast("User", request.user).id, request=wanted))

        if version is not None and act_on_each(self, request, [version], "backtest", act):
            page = reverse("admin:moderation_evaluation_change", args=[made[0].pk])
        else:
            page = reverse("admin:moderation_policyversion_change", args=[version_id])
        return HttpResponseRedirect(page)

    def _posted(self, request: HttpRequest, version_id: UUID, *, may: bool) -> PolicyVersion | None:
        if not may or not self.has_view_permission(request):
            raise PermissionDenied
        found: PolicyVersion | None = self.get_object(request, str(version_id))
        if found is None:
            raise Http404
        return found if request.method == "POST" else None


@admin.register(PolicyAssignment)
class PolicyAssignmentAdmin(NamesSubjects, Audited, ReadOnly, ModelAdmin):
    """Where policies apply. Saving a place that has a policy replaces that one."""

    services_audit = True
    form = AssignmentForm
    list_display = ("policy", "room", "shown_type", "created_at")
    list_select_related = ("policy",)
    ordering = ("created_at",)
    actions: ClassVar = ["unassign"]
    fieldsets = ((None, {"fields": ("policy", "room", "shown_type", "id", "created_at")}),)
    add_fieldsets = ((None, {"fields": ("policy", "type_of_room", "room_id")}),)

    def has_add_permission(self, *args: Any) -> bool:
        request: HttpRequest = args[0]
        return request.user.has_perm(ENABLE_POLICY)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fieldsets if obj is None else self.fieldsets

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Assign the policy by the service."""
        assert not change, "assignments are replaced"
        given = form.cleaned_data
        place = {"scope_id": given["room_id"], "room_type": given["type_of_room"]}
        assign_one(actor_id=cast("User", request.user).id, name=obj.policy.name, **place)
        made = PolicyAssignment.objects.get(**place)
        obj.pk, obj.scope_id, obj.room_type = made.pk, made.scope_id, made.room_type

    @admin.action(description=_("Assign no more"), permissions=["add"])
    def unassign(self, request: HttpRequest, chosen: "QuerySet[PolicyAssignment]") -> None:
        def act(one: PolicyAssignment) -> None:
            actor_id = cast("User", request.user).id
            assign_one(actor_id=actor_id, name=None, scope_id=one.scope_id, room_type=one.room_type)

        if act_on_each(self, request, chosen, "unassign", act):
            text = gettext("A more general policy applies there from now on.")
            self.message_user(request, text, messages.SUCCESS)

    @display(description=_("type of room"), ordering="room_type")
    def shown_type(self, assignment: PolicyAssignment) -> Any:
        return ROOM_TYPE_NAMES.get(assignment.room_type, assignment.room_type) or "-"


@admin.register(PolicyChange)
class PolicyChangeAdmin(ShowsReason, ReadOnly, ModelAdmin):
    """Who changed which policy, and why."""

    list_display = ("created_at", "policy", "action", "version", "actor", "shown_reason")
    exclude = ("reason",)
    readonly_fields = ("shown_reason",)
    list_filter = ("policy", "action")
    list_select_related = ("policy", "version__policy", "actor")
    ordering = ("-created_at", "-id")
