"""What moderation refuses."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError


class ProviderUnavailable(Exception):
    """The provider gave no answer, so nothing is known. Never read this as approval.

    By default the call may have been carried out, and `ON_UNKNOWN` says what becomes of it.
    `not_done`: it surely was not (a refused connection), so that asking again cannot be paid twice.
    `retry_after`: nor this one, and the provider wants to be left alone for so many seconds (429).
    `exhausted`: nor this one, and asking again will not help (a spent quota, a refused key).
    `refused`: it answered, but with no opinion (its own filter stopped the text, or the answer
    cannot be read). Such texts are often the worst, so a person looks at them.
    """

    def __init__(
        self,
        cause: str = "",
        *,
        not_done: bool = False,
        retry_after: float | None = None,
        exhausted: bool = False,
        refused: bool = False,
    ) -> None:
        super().__init__(cause)
        self.not_done = not_done
        self.retry_after = retry_after
        self.exhausted = exhausted
        self.refused = refused


class CaseTaken(ApplicationError):
    code = "case_taken"
    message = _("Another moderator is working on this case.")


class CaseClosed(ApplicationError):
    code = "case_closed"
    message = _("This case has been decided already.")
