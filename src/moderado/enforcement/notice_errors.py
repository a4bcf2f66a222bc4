"""Errors of notices and of evidence."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError


class AnonymousNotice(ApplicationError):
    """Art. 29 of Lei 15.211/2025 (ECA Digital) requires the notifier to be identified."""

    code = "anonymous_notice"
    status = 400
    message = _(
        "A notice must say who gives it: your name and an e-mail address. The law does not allow "
        "anonymous notices (Lei 15.211/2025, art. 29)."
    )


class WrongCode(ApplicationError):
    code = "wrong_code"
    status = 403
    message = _("This is not the code of this notice.")


class CodeExpired(ApplicationError):
    code = "code_expired"
    message = _("This code has expired, or was tried too often. Send the notice again.")


class NoticesUnavailable(ApplicationError):
    """Without e-mail no notice can be confirmed."""

    code = "notices_unavailable"
    status = 503
    retry_after: ClassVar[int] = 3_600  # seconds: an operator must act
    message = _("This server cannot send e-mail at present. Write to its operator.")


class HoldRequired(ApplicationError):
    code = "hold_required"
    message = _("Evidence needs a legal hold: name the order, or add a hold first.")


class NoEvidence(ApplicationError):
    code = "no_evidence"
    message = _("There is nothing left to preserve about this subject.")
