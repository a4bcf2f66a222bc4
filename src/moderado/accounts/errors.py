"""Errors of the accounts context."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError, Forbidden


class NotAuthenticated(ApplicationError):
    """No credential, or an invalid one. The response does not say which."""

    code = "not_authenticated"
    status = 401
    message = _("Sign in first: no valid credentials were given.")


class RegistrationClosed(Forbidden):
    code = "registration_closed"
    message = _("Registration is closed on this server.")


class SecondFactorRequired(Forbidden):
    """The server demands a second factor of its staff, and this session has proved none."""

    code = "second_factor_required"
    message = _("Staff of this server need a second factor. This session has not proved one.")


class LastSuperuser(ApplicationError):
    code = "last_superuser"
    message = _("This is the last active superuser. Name another one first.")


class WrongCredentials(NotAuthenticated):
    """One answer for an unknown e-mail, a wrong password and a deactivated account."""

    code = "wrong_credentials"
    message = _("E-mail or password is wrong.")
