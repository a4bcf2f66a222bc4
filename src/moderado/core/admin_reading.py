"""Admin pages of records that are never edited: who may view, search and filter them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest

_SEE_EMAIL = "accounts.view_user"  # by its name: `accounts` stands above


class ReadOnly:
    """An admin page for records that are never edited; what staff may do is offered as actions.

    Searches and filters use only fields that the viewer may read: their results would confirm a
    guess about any other field.
    """

    def has_add_permission(self, *_: object) -> bool:
        return False

    def has_change_permission(self, *_: object) -> bool:
        return False

    def has_delete_permission(self, *_: object) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, *_: object) -> bool:
        """Ask for the permission to view. Django would take the one to change for it."""
        meta: Any = getattr(self, "opts")  # noqa: B009  (of the admin page that mixes it in)
        return bool(request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}"))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Leave out e-mail addresses for viewers to whom no page shows them."""
        found: Iterable[str] = super().get_search_fields(request)  # type: ignore[misc]  # a mixin
        shows_email = request.user.has_perm(_SEE_EMAIL)
        return [name for name in found if shows_email or not name.endswith("__email")]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the fields that the page shows, and those of its filters."""
        is_allowed: bool = super().lookup_allowed(lookup, value, request)  # type: ignore[misc]  # a mixin
        return is_allowed and _is_shown(self, lookup.partition("__")[0], request)


def _is_shown(site: Any, name: str, request: HttpRequest) -> bool:
    """Tell whether a page shows a field or filters by it. Other names choose no records."""
    try:
        site.opts.get_field(name)
    except FieldDoesNotExist:
        return True
    filters = [
        each[0] if isinstance(each, tuple) else each for each in site.get_list_filter(request)
    ]
    filtered = {getattr(each, "parameter_name", each) for each in filters}
    shown = {*flatten_fieldsets(site.get_fieldsets(request)), *site.get_list_display(request)}
    return name in shown | filtered
