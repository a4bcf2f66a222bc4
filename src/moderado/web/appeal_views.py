"""The page of a person who is banned from the server: why, and a form to appeal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from moderado.accounts.errors import NotAuthenticated
from moderado.core.errors import ApplicationError, Invalid
from moderado.enforcement.errors import BannedFromServer
from moderado.enforcement.services.banned import appeal_ban
from moderado.web.forms import AppealForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_protect
@sensitive_post_parameters("token")
def appeal(request: HttpRequest) -> HttpResponse:
    """Take the appeal of a person whose sign-in was refused. Without a valid token: sign in."""
    if request.method != "POST":
        return redirect("web:sign-in")
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        appeal_ban(**form.cleaned_data)
    except NotAuthenticated:
        return redirect("web:sign-in")
    except Invalid as error:
        for sentence in error.fields.values():
            form.add_error("text", str(sentence))
        return _page(request, form, status=422)
    except ApplicationError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=error.status)
    return render(request, "web/banned.html", {"is_sent": True})


def banned_page(request: HttpRequest, refusal: BannedFromServer) -> HttpResponse:
    """Return the page of a refused sign-in."""
    form = AppealForm(initial={"token": refusal.token})
    return _page(request, form, status=refusal.status, reason=str(refusal))


def _page(request: HttpRequest, form: AppealForm, *, status: int, reason: str = "") -> HttpResponse:
    form.mark_errors()
    return render(request, "web/banned.html", {"form": form, "reason": reason}, status=status)
