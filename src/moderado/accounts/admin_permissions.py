"""Permissions and groups in the language of the reader. Django stores their English names."""

from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "add": _("Can add: %s"),
    "change": _("Can change: %s"),
    "delete": _("Can delete: %s"),
    "view": _("Can view: %s"),
}
_OWN = {
    "claim_case": _("Can claim cases"),
    "decide_case": _("Can decide cases"),
    "reverse_ruling": _("Can reverse rulings"),
    "bulk_rule": _("Can rule on many cases at once"),
    "lift_sanction": _("Can lift sanctions"),
    "suspend_reporting": _("Can suspend members from reporting"),
    "decide_appeal": _("Can decide appeals"),
    "release_legalhold": _("Can release legal holds"),
    "enable_policy": _("Can enable, roll back and assign policies"),
    "view_restricted_case": _("Can see cases about danger to children"),
    "make_evidence": _("Can make evidence packages"),
    "view_notifier": _("Can see the e-mail addresses of notifiers"),
    "purge_messages": _("Can remove the latest messages of an author"),
}


def permission_label(permission: Permission) -> str:
    """Return what a permission allows, such as "Moderation | Can view: case"."""
    model = permission.content_type.model_class()
    if model is None:  # of an application that is no longer installed
        return permission.name
    meta = model._meta  # noqa: SLF001  (documented by Django)
    action, _separator, rest = permission.codename.partition("_")
    words = str(_OWN.get(permission.codename, permission.name))
    if action in _ACTIONS and rest == meta.model_name:
        words = str(_ACTIONS[action]) % meta.verbose_name
    return f"{meta.app_config.verbose_name} | {words}"


class TranslatedPermissions:
    """Labels the choices of permissions. Mixed into admin pages of accounts and groups."""

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]  # a mixin
        if (
            isinstance(field, forms.ModelMultipleChoiceField)
            and db_field.related_model is Permission
        ):
            field.label_from_instance = permission_label  # type: ignore[assignment,method-assign]
        return field


def permission_list(permissions: Any) -> str:
    """Return permissions as a text, in alphabetical order."""
    found = permissions.select_related("content_type")
    return ", ".join(sorted(capfirst(permission_label(each)) for each in found)) or "-"
