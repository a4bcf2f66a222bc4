"""The family of errors a caller is expected to handle."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ApplicationError(Exception):
    """A refused request.

    `code` is part of the public API and never changes; `message` is for people and is
    translated when it is shown. `status` is the HTTP status the REST door answers with.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 409
    message: ClassVar[str | Promise] = _("The request could not be carried out.")

    def __init__(self, message: str | Promise | None = None) -> None:
        super().__init__()
        self.detail: str | Promise = message or self.message

    def __str__(self) -> str:
        return str(self.detail)


class NotFound(ApplicationError):
    """Absent, or not to be seen by this caller: the two are never told apart."""

    code = "not_found"
    status = 404
    message = _("There is no such thing, or you may not see it.")


class Forbidden(ApplicationError):
    code = "forbidden"
    status = 403
    message = _("You may not do that.")


class Invalid(ApplicationError):
    """The input itself is wrong. `fields` names what, as field → sentence."""

    code = "invalid"
    status = 400
    message = _("The request is not valid.")

    def __init__(
        self,
        message: str | Promise | None = None,
        *,
        fields: dict[str, str | Promise] | None = None,
    ) -> None:
        super().__init__(message)
        self.fields = fields or {}


class RateLimited(ApplicationError):
    """Too much, too fast. `retry_after` is in seconds, at least 1."""

    code = "rate_limited"
    status = 429
    message = _("Too many requests. Wait a moment and try again.")

    def __init__(self, *, retry_after: int) -> None:
        super().__init__()
        self.retry_after = max(1, retry_after)


class Unavailable(ApplicationError):
    """Nothing was stored; the same request may succeed in a moment."""

    code = "unavailable"
    status = 503
    message = _("The service is busy. Nothing was lost: try again in a moment.")
