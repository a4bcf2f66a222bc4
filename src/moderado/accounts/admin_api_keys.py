"""The admin page of API keys: staff with the permissions make, see and revoke them."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from moderado.accounts.models import SCOPES, ApiKey, User
from moderado.accounts.services import api_keys
from moderado.accounts.types import Scope
from moderado.core.admin import Audited, ReadOnly, act_on_each
from moderado.core.sent_once import FIELD, SentOnce


class ApiKeyForm(SentOnce, forms.ModelForm):  # type: ignore[type-arg]  # generic in stubs only
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=SCOPES,
        initial=[Scope.JUDGE.value],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes")


@admin.register(ApiKey)
class ApiKeyAdmin(Audited, ReadOnly, ModelAdmin):
    services_audit = True
    form = ApiKeyForm
    list_display = ("name", "hint", "scope_list", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "hint", "=id")
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ["revoke"]

    def has_add_permission(self, *arguments: object) -> bool:
        request = cast("HttpRequest", arguments[0])
        return request.user.has_perm("accounts.add_apikey")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.delete_apikey")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("name", "scopes", FIELD)
        return ("id", *self.list_display, "created_by", "revoked_by")

    @display(description=_("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        return ", ".join(str(name) for scope, name in SCOPES if scope in key.scopes)

    def save_model(
        self,
        request: HttpRequest,
        obj: ApiKey,
        form: Any,
        change: bool,  # noqa: FBT001  (Django's signature)
    ) -> None:
        """Create the key and show it once."""
        if change:
            raise PermissionDenied
        created = api_keys.create_api_key(
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            actor_id=cast("User", request.user).id,
            client_id=form.client_key(),
        )
        obj.pk = created.id
        obj.refresh_from_db()
        sentence = _("Pass this on; it is shown only now: {key}")
        shown = format_html(str(sentence), key=created.key)
        self.message_user(request, shown, messages.WARNING)

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        def revoke(key: ApiKey) -> None:
            api_keys.revoke_api_key(api_key_id=key.id, actor_id=cast("User", request.user).id)

        done = act_on_each(self, request, chosen, "revoke", revoke)
        text = ngettext("%d API key revoked.", "%d API keys revoked.", done)
        self.message_user(request, text % done, messages.SUCCESS)
