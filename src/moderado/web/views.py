"""HTML pages: sign-in, registration, and the page in which the chat's JavaScript runs."""

import json
from http import HTTPStatus
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from moderado.accounts import quota
from moderado.accounts.errors import WrongCredentials
from moderado.accounts.models import User
from moderado.accounts.origins import origin_of
from moderado.accounts.services import accounts
from moderado.accounts.services.sessions import follow_device
from moderado.accounts.services.sign_in import verify
from moderado.chat.models import Room
from moderado.chat.selectors.names import own_name
from moderado.core.addresses import address_of_request
from moderado.core.errors import Forbidden, Invalid, RateLimited, Unavailable
from moderado.core.languages import language_of_request
from moderado.enforcement.errors import BannedFromServer
from moderado.moderation.categories import CATEGORY_NAMES, category_name
from moderado.web.appeal_views import banned_page
from moderado.web.forms import RegistrationForm, SignInForm


@require_safe
@never_cache
@login_required
@ensure_csrf_cookie
def chat(request: HttpRequest) -> HttpResponse:
    """Render the chat page. Its JavaScript loads all data over the public API."""
    user = cast("User", request.user)
    _follow_device(request, user)
    shown = {
        "own_name": own_name(user),
        "max_length": settings.MESSAGE_MAX_LENGTH,
        "categories": json.dumps({code: category_name(code) for code in CATEGORY_NAMES}),
        "modes": ",".join(_room_modes(user)),
        "public_mode": settings.ENV.mode_of_new_rooms(is_private=False),
        "private_mode": settings.ENV.mode_of_new_rooms(is_private=True),
    }
    return render(request, "web/chat.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_protect
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    form = SignInForm(request.POST or None)
    try:
        if form.is_valid():
            email, password = form.cleaned_data["email"], form.cleaned_data["password"]
            origin = origin_of(request, entry_point="page")
            return _signed_in(request, verify(email=email, password=password, origin=origin))
    except (RateLimited, Unavailable) as error:
        return _refused(request, "web/sign_in.html", form, error)
    except BannedFromServer as error:
        return banned_page(request, error)
    except (WrongCredentials, Forbidden) as error:
        form.add_error(None, str(error))
    return _form(request, "web/sign_in.html", form)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_protect
@sensitive_post_parameters("password")
def register(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    if settings.REGISTRATION == "closed":
        return render(request, "web/registration_closed.html", {"next": _next(request)}, status=403)
    asked = {"invitation": request.GET.get("invitation", "")}
    form = RegistrationForm(request.POST or None, initial=asked)
    try:
        if form.is_valid():
            quota.count_address(address=address_of_request(request.META))
            user = accounts.register(**form.cleaned_data, language=_language())
            return _signed_in(request, user)
    except (RateLimited, Unavailable) as error:
        return _refused(request, "web/register.html", form, error)
    except Invalid as error:
        form.add_refusal(error)
    except Forbidden as error:  # the e-mail is banned
        form.add_error(None, str(error))
    return _form(request, "web/register.html", form)


@require_POST
@csrf_protect
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session. Its open sockets close with 4001."""
    logout(request)
    return redirect("web:sign-in")


@require_POST
@csrf_protect
def choose_language(request: HttpRequest) -> HttpResponse:
    """Set the language of this browser and of the account, in which verdicts are explained."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in User.Language.values:
        accounts.update_profile(user_id=UUID(str(request.user.pk)), language=language)
    return set_language(request)


def _follow_device(request: HttpRequest, user: User) -> None:
    language = language_of_request(request)
    if language and language != user.language and not user.language_chosen:
        follow_device(user_id=user.id, language=language)


def _signed_in(request: HttpRequest, user: User) -> HttpResponse:
    login(request, user)
    response = HttpResponseRedirect(_next(request))
    if not user.language_chosen:  # the pages go on to follow the browser
        return response
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def _form(
    request: HttpRequest, template: str, form: SignInForm | RegistrationForm, *, status: int = 200
) -> HttpResponse:
    form.mark_errors()
    may_register = settings.REGISTRATION != "closed"
    context = {"form": form, "next": _next(request), "may_register": may_register}
    if form.errors and status == HTTPStatus.OK:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, template, context, status=status)


def _refused(
    request: HttpRequest,
    template: str,
    form: SignInForm | RegistrationForm,
    error: RateLimited | Unavailable,
) -> HttpResponse:
    form.add_error(None, str(error))
    response = _form(request, template, form, status=error.status)
    response["Retry-After"] = str(error.retry_after)
    return response


def _next(request: HttpRequest) -> str:
    """Return the requested next page if it is on this site, otherwise the chat."""
    requested = request.POST.get("next") or request.GET.get("next") or ""
    is_local = url_has_allowed_host_and_scheme(
        requested, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return requested if is_local else resolve_url("web:chat")


def _language() -> str:
    language = get_language() or settings.LANGUAGE_CODE
    return language if language in User.Language.values else settings.LANGUAGE_CODE


def _room_modes(user: User) -> list[str]:
    """Return the modes that the user may choose for their rooms."""
    return [str(mode) for mode in Room.Mode if user.is_staff or mode in settings.MEMBER_ROOM_MODES]
