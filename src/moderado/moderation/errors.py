"""What moderation refuses."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError


class ProviderUnavailable(Exception):
    """The provider gave no answer, so nothing is known. Never read this as approval.

    `not_done`: the provider surely did not carry the call out (a refused connection, a 429), so
    that asking again cannot be paid twice; `retry_after` is what it asked for, in seconds. By
    default a call may have been carried out, and is not repeated.
    """

    def __init__(
        self, cause: str = "", *, not_done: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(cause)
        self.not_done = not_done or retry_after is not None
        self.retry_after = retry_after


class CaseTaken(ApplicationError):
    code = "case_taken"
    message = _("Another moderator is working on this case.")


class CaseClosed(ApplicationError):
    code = "case_closed"
    message = _("This case has been decided already.")
