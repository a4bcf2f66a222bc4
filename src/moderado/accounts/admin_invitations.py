"""The admin page of invitations: staff with the permissions make, see and revoke them."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from moderado.accounts.models import Invitation, User
from moderado.accounts.services import invitations
from moderado.core.admin import Audited, ReadOnly, act_on_each
from moderado.core.sent_once import FIELD, SentOnce


class InvitationForm(SentOnce, forms.ModelForm):  # type: ignore[type-arg]  # generic in stubs only
    days = forms.IntegerField(
        label=_("Days until it expires"),
        min_value=1,
        max_value=invitations.MAX_DAYS,
        initial=lambda: settings.ENV.invitation_days,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = Invitation
        fields = ("note",)


@admin.register(Invitation)
class InvitationAdmin(Audited, ReadOnly, ModelAdmin):
    services_audit = True
    form = InvitationForm
    list_display = ("created_at", "note", "created_by", "expires_at", "used_at", "used_by")
    list_filter = (("used_at", admin.EmptyFieldListFilter),)
    list_select_related = ("created_by", "used_by")
    search_fields = ("note", "=id")
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ["revoke"]

    def has_add_permission(self, *arguments: object) -> bool:
        request = cast("HttpRequest", arguments[0])
        return request.user.has_perm("accounts.add_invitation")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.delete_invitation")

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> tuple[str, ...]:
        return ("note", "days", FIELD) if obj is None else ("id", *self.list_display)

    def save_model(
        self,
        request: HttpRequest,
        obj: Invitation,
        form: Any,
        change: bool,  # noqa: FBT001  (Django's signature)
    ) -> None:
        """Create the invitation and show its code, which cannot be read again."""
        if change:
            raise PermissionDenied
        created = invitations.create_invitation(
            actor_id=cast("User", request.user).id,
            note=form.cleaned_data["note"],
            days=form.cleaned_data["days"],
            client_id=form.client_key(),
        )
        obj.pk = created.id
        obj.refresh_from_db()
        link = request.build_absolute_uri(reverse("web:register"))
        sentence = _("Pass this on; it is shown only now: {link}")
        shown = format_html(str(sentence), link=f"{link}?invitation={created.code}")
        self.message_user(request, shown, messages.WARNING)

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        def revoke(invitation: Invitation) -> None:
            actor_id = cast("User", request.user).id
            invitations.revoke_invitation(invitation_id=invitation.id, actor_id=actor_id)

        done = act_on_each(self, request, chosen, "revoke", revoke)
        text = ngettext("%d invitation revoked.", "%d invitations revoked.", done)
        self.message_user(request, text % done, messages.SUCCESS)
