"""The admin asks for the password again before a sensitive action ("sudo mode").

A browser that was left open, or a stolen cookie, must not suffice to take accounts over. The
password counts for `ADMIN_CONFIRM_SECONDS`, also that of the sign-in itself.
"""

from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from moderado.accounts.origins import origin_of
from moderado.accounts.services import sign_in
from moderado.accounts.types import CONFIRMED_KEY, SESSION_KEY
from moderado.core import clock
from moderado.core.errors import RateLimited, Unavailable

log = structlog.get_logger(__name__)

PASSWORD, METHOD = "confirm_password", "confirm_method"  # fields of the form
SAFE = ("GET", "HEAD", "OPTIONS")
# Pages of accounts, sessions, groups and permissions.
SENSITIVE = ("accounts_", "auth_")
# Acts that change many records or the rules of all rooms, that permit the deletion of data, that
# export everything about a case, or that decide who sees which cases.
FAR_REACHING = (
    "enforcement_bulkruling_act",
    "enforcement_legalhold_act",
    "enforcement_purge_",
    "enforcement_queue_",
    "moderation_bankedtext_",
    "moderation_case_evidence",
    "moderation_policyassignment_add",
    "moderation_policyversion_enable",
)
# Pages with password fields ask first: the form of the confirmation must not repeat passwords.
WITH_PASSWORDS = ("password_change", "auth_user_password_change", "accounts_user_add")


class ConfirmPassword(MiddlewareMixin):
    """Answers a sensitive request of the admin with a form, and carries it out afterwards."""

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        if not _is_sensitive(request) or not request.user.is_staff:
            return None
        given = request.POST.get(PASSWORD)
        if given is None:
            return None if _is_confirmed(request) else _form(request)
        try:
            is_right = sign_in.confirm(
                user=request.user,
                password=given,
                session_id=request.session[SESSION_KEY],
                origin=origin_of(request, entry_point="admin"),
            )
        except (RateLimited, Unavailable) as refusal:
            response = _form(request, error=str(refusal), status=refusal.status)
            response["Retry-After"] = str(refusal.retry_after)
            return response
        if not is_right:
            return _form(request, error=_("This is not your password."))
        return _continue(request)


def _is_sensitive(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None or "admin" not in match.app_names:
        return False
    name = match.url_name or ""
    if name in WITH_PASSWORDS or "export" in name:
        return True
    is_bulk = "action" in request.POST
    return request.method not in SAFE and (is_bulk or name.startswith((*SENSITIVE, *FAR_REACHING)))


def _is_confirmed(request: HttpRequest) -> bool:
    confirmed_at: float = request.session.get(CONFIRMED_KEY, 0)
    age = clock.estimated().timestamp() - confirmed_at
    return -1 <= age < settings.ADMIN_CONFIRM_SECONDS


def _continue(request: HttpRequest) -> HttpResponse | None:
    request.session[CONFIRMED_KEY] = int(clock.estimated().timestamp())
    log.info("admin_confirmed", actor_id=request.user.pk)
    if request.POST.get(METHOD) in SAFE:
        return HttpResponseRedirect(request.get_full_path())
    posted = request.POST.copy()
    for field in (PASSWORD, METHOD):
        posted.pop(field, None)
    request.POST = posted  # type: ignore[assignment]  # Django's own admin does the same
    return None


def _form(request: HttpRequest, *, error: str = "", status: int = 403) -> HttpResponse:
    method = request.POST.get(METHOD, request.method or "GET")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Enter your password again"),
        "error": error,
        "method": method,
        "fields": list(_repeated(request)),
    }
    return TemplateResponse(request, "admin/confirm_password.html", context, status=status)


def _repeated(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Yield the fields that the form repeats: everything but passwords."""
    for name, values in request.POST.lists():
        if name != METHOD and "password" not in name and name != "csrfmiddlewaretoken":
            for value in values:
                yield name, str(value)
