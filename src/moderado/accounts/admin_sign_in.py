"""The sign-in form of the admin."""

from typing import Any

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from moderado.core.errors import Forbidden, RateLimited, Unavailable

log = structlog.get_logger(__name__)


class AdminSignInForm(AuthenticationForm):  # type: ignore[misc]  # untyped library
    """The admin's form under the product's sign-in limits.

    AuthenticationMiddleware turns `request.sign_in_refusal` into the status of the response.
    """

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except (RateLimited, Unavailable) as error:
            self.request.sign_in_refusal = error
            raise ValidationError(str(error), code=error.code) from None
        except Forbidden as error:  # a ban, which says why
            raise ValidationError(str(error), code=error.code) from None
        return cleaned

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        try:
            super().confirm_login_allowed(user)
        except ValidationError:
            log.warning("sign_in_failed", entry_point="admin", reason="not_staff", user_id=user.pk)
            raise
