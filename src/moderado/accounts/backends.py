"""Authentication by e-mail and password for sign-ins through Django, such as the admin's form."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from moderado.accounts.errors import WrongCredentials
from moderado.accounts.models import User
from moderado.accounts.origins import origin_of
from moderado.accounts.services import sign_in


class PasswordBackend(ModelBackend):
    """Django's backend, with the product's verification.

    Raises:
        RateLimited: `AdminSignInForm` shows it.
        Unavailable: Likewise.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        email = username or kwargs.get("email") or ""
        origin = None if request is None else origin_of(request, entry_point="admin")
        try:
            return sign_in.verify(email=email, password=password or "", origin=origin)
        except WrongCredentials:
            return None
