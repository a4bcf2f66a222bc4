"""API keys of requests to the judge: `Authorization: Bearer mk_…`, or as Google's clients do."""

from typing import cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from moderado.accounts.services import api_keys
from moderado.accounts.types import KeyHolder
from moderado.core.vendor_errors import PERSPECTIVE

_REFUSED = _("The API key is missing, unknown or revoked.")
_FOUND = "_moderado_api_key"


def given_key(request: HttpRequest) -> str:
    """Return the key as the request gives it; empty if it gives none."""
    scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return str(key.strip())
    if request.path_info.startswith(PERSPECTIVE):
        return request.META.get("HTTP_X_GOOG_API_KEY") or request.GET.get("key", "")
    return ""


def api_key_of(request: HttpRequest) -> KeyHolder | None:
    """Return the valid key of a request. It is read once for each request."""
    if not hasattr(request, _FOUND):
        setattr(request, _FOUND, api_keys.use_api_key(given_key(request)))
    return cast("KeyHolder | None", getattr(request, _FOUND))


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the `KeyHolder`. Tokens and cookies of accounts are refused."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, KeyHolder]:
        key = api_key_of(request._request)  # noqa: SLF001  (DRF has no other name)
        if key is None:
            raise AuthenticationFailed(_REFUSED)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """Requires one of the view's `scopes`."""

    message = _("This API key has no permission for that.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        scopes = getattr(view, "scopes", ())
        return isinstance(request.auth, KeyHolder) and not set(scopes).isdisjoint(
            request.auth.scopes
        )
