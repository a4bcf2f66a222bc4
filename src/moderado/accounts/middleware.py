"""Sets `request.user` for pages and the admin."""

from typing import cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import auth
from django.contrib.auth import middleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from moderado.accounts import selectors
from moderado.accounts.devices import COOKIE, DEVICE_SECONDS
from moderado.accounts.models import User
from moderado.accounts.services import sessions
from moderado.accounts.types import SESSION_KEY


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Django's middleware, which also requires the product's own session to be open."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = cast("User", SimpleLazyObject(lambda: _user(request)))
        request.auser = sync_to_async(lambda: _user(request))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Send the device token of a new sign-in, and the status of a refused one."""
        device = getattr(request, "new_device", None)
        if device is not None:
            set_device_cookie(response, device)
        refusal = getattr(request, "sign_in_refusal", None)
        if refusal is not None:
            response.status_code = refusal.status
            response["Retry-After"] = str(refusal.retry_after)
        return response


def set_device_cookie(response: HttpResponse, device: str) -> None:
    """Let the browser keep a device token. `HostCookies` makes it secure."""
    response.set_cookie(
        COOKIE,
        device,
        max_age=DEVICE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _user(request: HttpRequest) -> User | AnonymousUser:
    user = auth.get_user(request)
    session_id = request.session.get(SESSION_KEY)
    if not user.is_authenticated:
        return user
    session = session_id and selectors.open_sessions().filter(id=session_id).first()
    if not session:
        request.session.flush()
        return AnonymousUser()
    sessions.record_use(session=session)
    user.second_factor_at = session.second_factor_at
    return user
