"""What accounts refuse."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError


class NotAuthenticated(ApplicationError):
    """No credential, or one that is not, or no longer, good. Which of these is never told."""

    code = "not_authenticated"
    status = 401
    message = _("Sign in first: no valid credentials were given.")


class WrongCredentials(NotAuthenticated):
    """The same for an unknown e-mail, a wrong password and a deactivated account."""

    code = "wrong_credentials"
    message = _("E-mail or password is wrong.")
