"""Sign-ins through Django, such as the admin's form, and what a permission permits.

Django and its admin ask `User.has_perm`, which asks here.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Model
from django.http import HttpRequest

from moderado.accounts.errors import WrongCredentials
from moderado.accounts.models import User
from moderado.accounts.origins import origin_of
from moderado.accounts.rights import with_needs
from moderado.accounts.services import sign_in


class PasswordBackend(ModelBackend):
    """Django's backend, with the product's verification and `rights.NEEDS`.

    Raises:
        RateLimited: `AdminSignInForm` shows it.
        Unavailable: Likewise.
    """

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Tell whether a user has a permission, and all those without which it permits nothing."""
        may = super().has_perm
        return all(may(user_obj, each, obj) for each in with_needs(perm))

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
