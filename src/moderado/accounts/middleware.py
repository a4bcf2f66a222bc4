"""Sets `request.user` for pages and the admin."""

from typing import cast

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth import middleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from moderado.accounts import selectors
from moderado.accounts.models import User
from moderado.accounts.types import SESSION_KEY


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Django's middleware, which also requires the product's own session to be open."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = cast("User", SimpleLazyObject(lambda: _user(request)))
        request.auser = sync_to_async(lambda: _user(request))


def _user(request: HttpRequest) -> User | AnonymousUser:
    user = auth.get_user(request)
    session_id = request.session.get(SESSION_KEY)
    if user.is_authenticated and not (session_id and selectors.live_sessions([session_id])):
        request.session.flush()
        return AnonymousUser()
    return user
