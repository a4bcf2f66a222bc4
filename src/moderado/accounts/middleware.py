"""`request.user` of the pages and the admin."""

from django.contrib import auth
from django.contrib.auth import middleware
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from moderado.accounts import selectors
from moderado.accounts.types import SESSION_KEY


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Django's, but a sign-in ends with its session of ours: ended there, signed out here."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]  # as Django's


def _user(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    user = auth.get_user(request)
    session_id = request.session.get(SESSION_KEY)
    if user.is_authenticated and not (session_id and selectors.live_sessions([session_id])):
        request.session.flush()
        return AnonymousUser()
    return user
