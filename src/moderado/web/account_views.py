"""The account page: password and sessions, without JavaScript."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from moderado.accounts import selectors
from moderado.accounts.models import User
from moderado.accounts.origins import origin_of
from moderado.accounts.services import accounts, sessions
from moderado.accounts.types import SESSION_KEY
from moderado.accounts.user_agents import device_name
from moderado.core.errors import ApplicationError, Invalid, NotFound
from moderado.web.forms import PasswordChangeForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_protect
@sensitive_post_parameters("current_password", "new_password")
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show the account; change its password, or end a session or all others."""
    if request.method != "POST":
        return _page(request, PasswordChangeForm())
    if "current_password" in request.POST:
        return _change_password(request)
    user = cast("User", request.user)
    if "others" in request.POST:
        sessions.end_sessions_of(user_id=user.id, kept=_session_id(request))
    else:
        _end_one(user, request.POST.get("session", ""))
    return redirect("web:account")


def _change_password(request: HttpRequest) -> HttpResponse:
    form = PasswordChangeForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        user = accounts.change_password(
            user_id=cast("User", request.user).id,
            session_id=_session_id(request),
            origin=origin_of(request, entry_point="page"),
            **form.cleaned_data,
        )
    except Invalid as error:
        form.add_refusal(error)
        return _page(request, form, status=422)
    except ApplicationError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=error.status)
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password has been changed."))
    return redirect("web:account")


def _end_one(user: User, session_id: str) -> None:
    try:
        sessions.end_own_session(user_id=user.id, session_id=UUID(session_id))
    except (ValueError, NotFound):
        return  # it has ended already: the page shows what is left


def _page(request: HttpRequest, form: PasswordChangeForm, *, status: int = 200) -> HttpResponse:
    form.mark_errors()
    current = _session_id(request)
    listed = [
        {
            "id": session.id,
            "device": device_name(session.user_agent),
            "created_at": session.created_at,
            "used_at": session.used_at,
            "is_current": session.id == current,
        }
        for session in selectors.sessions_of(cast("User", request.user).id)
    ]
    return render(request, "web/account.html", {"form": form, "sessions": listed}, status=status)


def _session_id(request: HttpRequest) -> UUID:
    return UUID(request.session[SESSION_KEY])
