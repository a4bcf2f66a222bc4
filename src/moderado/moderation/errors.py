"""What moderation refuses."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError


class ProviderUnavailable(Exception):
    """The provider gave no answer, so nothing is known. Never read this as approval."""


class CaseTaken(ApplicationError):
    code = "case_taken"
    message = _("Another moderator is working on this case.")


class CaseClosed(ApplicationError):
    code = "case_closed"
    message = _("This case has been decided already.")
