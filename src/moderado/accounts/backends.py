"""Authentication by e-mail and password for sign-ins through Django, such as the admin's form."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from moderado.accounts import quota
from moderado.accounts.models import User
from moderado.core.addresses import address_of_request
from moderado.core.errors import RateLimited


class PasswordBackend(ModelBackend):
    """Django's backend under the sign-in limits. Above a limit, no password is accepted."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        email = username or kwargs.get("email") or ""
        if request is not None:
            try:
                quota.count_sign_in(email=email, address=address_of_request(request.META))
            except RateLimited:
                raise PermissionDenied from None
        return super().authenticate(None, username=email, password=password)
