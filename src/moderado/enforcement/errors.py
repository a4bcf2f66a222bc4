"""Errors of the enforcement context."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError, NotFound


class OwnReport(ApplicationError):
    """Separation of duties: reporters do not decide on what they reported."""

    code = "own_report"
    status = 403
    message = _("You have reported this. Another moderator decides it.")


class OwnRuling(ApplicationError):
    """Separation of duties: an appeal is decided by another person than the ruling."""

    code = "own_ruling"
    status = 403
    message = _("This is about your own decision. Another moderator decides it.")


class NoSuchSanction(NotFound):
    code = "no_such_sanction"
    message = _("There is no such sanction, or you may not see it.")


class SanctionEnded(ApplicationError):
    """The sanction was lifted, or its term is over."""

    code = "sanction_ended"
    message = _("This sanction is no longer in force.")


class ErasureStarted(ApplicationError):
    code = "erasure_started"
    message = _("This account is being erased already.")


class HoldReleased(ApplicationError):
    code = "hold_released"
    message = _("This legal hold was released already.")
