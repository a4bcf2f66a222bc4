"""The page of appeals: what became of one's own, and for who is banned a form to appeal."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from moderado.accounts.errors import NotAuthenticated
from moderado.core.errors import ApplicationError, Invalid
from moderado.enforcement.errors import BannedFromServer
from moderado.enforcement.labels import APPEAL_OUTCOMES, APPEAL_STATES, DECISION_TYPES
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.selectors.appeals import own_appeals
from moderado.enforcement.services.banned import appeal_ban, appeal_of_ban
from moderado.enforcement.views import AppealView
from moderado.web.forms import AppealForm

SHOWN = 20  # appeals on the page; the API lists all


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_protect
@sensitive_post_parameters("token")
def appeal(request: HttpRequest) -> HttpResponse:
    """Show what became of one's appeals; take that of a person whose sign-in was refused.

    Without an account, and without a valid token: sign in.
    """
    if request.method != "POST":
        return _own_appeals(request)
    token = request.POST.get("token", "")
    is_sent = "text" in request.POST
    form = AppealForm(request.POST) if is_sent else AppealForm(initial={"token": token})
    try:
        return _page(request, form, token=token, status=_send(form) if is_sent else 200)
    except NotAuthenticated:
        return redirect("web:sign-in")


def banned_page(request: HttpRequest, refusal: BannedFromServer) -> HttpResponse:
    """Return the page of a refused sign-in."""
    form = AppealForm(initial={"token": refusal.token})
    try:
        reason = str(refusal)
        return _page(request, form, token=refusal.token, status=refusal.status, reason=reason)
    except NotAuthenticated:  # the ban has just ended
        return redirect("web:sign-in")


def _own_appeals(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = own_appeals(request.user.id)[:SHOWN]
    appeals = [_words(appeal_view(each)) for each in found]
    return render(request, "web/appeals.html", {"appeals": appeals})


def _send(form: AppealForm) -> int:
    """Store the appeal, or show in the form why not. Returns the status of the answer."""
    if not form.is_valid():
        return 422
    try:
        appeal_ban(**form.cleaned_data)
    except NotAuthenticated:
        raise
    except Invalid as error:
        for sentence in error.fields.values():
            form.add_error("text", str(sentence))
        return 422
    except ApplicationError as error:
        form.add_error(None, str(error))
        return error.status
    return 200


def _page(
    request: HttpRequest, form: AppealForm, *, token: str, status: int, reason: str = ""
) -> HttpResponse:
    form.mark_errors()
    known = appeal_of_ban(token=token)
    shown = {"form": form, "token": token, "reason": reason}
    return render(
        request, "web/banned.html", shown | (_words(known) if known else {}), status=status
    )


def _words(view: AppealView) -> dict[str, Any]:
    """Return an appeal for the templates, with the words for its codes."""
    state = dict(APPEAL_OUTCOMES)[view.outcome] if view.outcome else dict(APPEAL_STATES)[view.state]
    return {"appeal": view, "about": dict(DECISION_TYPES)[view.decision_type], "state": state}
