"""The public page for notices of content, `/denuncia/`: without an account, without JavaScript."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from moderado.core.addresses import address_of_request
from moderado.core.errors import ApplicationError, Invalid
from moderado.enforcement.labels import (
    NOTICE_OUTCOMES,
    NOTICE_ROLES,
    NOTICE_STATES,
    REPORT_CATEGORIES,
)
from moderado.enforcement.models import Notice
from moderado.enforcement.notice_codes import as_written
from moderado.enforcement.services import notices
from moderado.web.forms import AccessibleForm
from moderado.web.notice_forms import CodeForm, NoticeForm, ProtocolForm

_View = Callable[..., HttpResponse]


def _unlisted(view: _View) -> _View:
    """Keep the answers out of search engines."""

    @wraps(view)
    def wrapped(request: HttpRequest, **given: Any) -> HttpResponse:
        response = view(request, **given)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapped


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_protect
@sensitive_post_parameters()
@_unlisted
def notice_form(request: HttpRequest) -> HttpResponse:
    """Show and receive the form; with `?protocol=` go to the page of that notice."""
    if request.method != "POST":
        if protocol := as_written(request.GET.get("protocol", "")[:40]):
            return redirect("web:notice", protocol=protocol)
        asked = {"subject": request.GET.get("subject", "")}
        return _form(request, NoticeForm(initial=asked))
    form = NoticeForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    given = form.cleaned_data
    try:
        notice = notices.submit_notice(
            name=given["name"],
            email=given["email"],
            role=given["role"],
            reference=given["subject"],
            category=given["category"],
            text=given["text"],
            address=address_of_request(request.META),
            client_id=form.client_id(),
        )
    except ApplicationError as error:
        return _with_retry(_form(request, form, status=_refuse(form, error)), error)
    return redirect("web:notice", protocol=notice.protocol)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_protect
@sensitive_post_parameters("code")
@_unlisted
def notice_page(request: HttpRequest, protocol: str) -> HttpResponse:
    """Ask for the code; with the right one confirm the notice, and show its state."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    shown = {"protocol": as_written(protocol[:40]), "form": form}
    if not form.is_valid():
        form.mark_errors()
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        return render(request, "web/notice_code.html", shown, status=status)
    try:
        notice = notices.confirm_notice(protocol=protocol, code=form.cleaned_data["code"])
    except ApplicationError as error:
        refused = _refuse(form, error)
        form.mark_errors()
        return _with_retry(render(request, "web/notice_code.html", shown, status=refused), error)
    return render(request, "web/notice_state.html", {"notice": notice, **_words(notice)})


def _form(request: HttpRequest, form: NoticeForm, *, status: int = 200) -> HttpResponse:
    form.mark_errors()
    context = {"form": form, "protocol_form": ProtocolForm()}
    return render(request, "web/notice_form.html", context, status=status)


def _refuse(form: AccessibleForm, error: ApplicationError) -> int:
    """Show an error in the form; return the status of the answer."""
    if isinstance(error, Invalid):
        form.add_refusal(error)
        return HTTPStatus.UNPROCESSABLE_ENTITY
    form.add_error(None, str(error))
    return error.status


def _with_retry(response: HttpResponse, error: ApplicationError) -> HttpResponse:
    if wait := getattr(error, "retry_after", None):
        response["Retry-After"] = str(wait)
    return response


def _words(notice: Notice) -> dict[str, Any]:
    return {
        "state": dict(NOTICE_STATES)[notice.state],
        "outcome": dict(NOTICE_OUTCOMES).get(notice.outcome, ""),
        "role": dict(NOTICE_ROLES)[notice.role],
        "category": dict(REPORT_CATEGORIES)[notice.category],
    }
