"""The errors that callers of services handle."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ApplicationError(Exception):
    """A request that was refused.

    `code` is part of the public API and never changes. `message` is the English sentence for
    people, translated when it is shown. `status` is the HTTP status of the REST response.
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
    """The object does not exist, or the caller may not see it: the two are never distinguished."""

    code = "not_found"
    status = 404
    message = _("There is no such thing, or you may not see it.")


class Forbidden(ApplicationError):
    code = "forbidden"
    status = 403
    message = _("You may not do that.")


class Invalid(ApplicationError):
    """The input is invalid. `fields` maps each invalid field to sentences, one a line."""

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


class SearchTimedOut(ApplicationError):
    """The search exceeded its time budget. More specific words cost less."""

    code = "search_timed_out"
    status = 503
    retry_after: ClassVar[int] = 5  # seconds: the load of others may be the cause
    message = _("The search took too long. Use longer or more specific words.")


class RefusedComment(Invalid):
    """The input is invalid in a way for which Perspective has a name of its own: `reason`."""

    def __init__(self, reason: str, *, fields: dict[str, str | Promise]) -> None:
        super().__init__(fields=fields)
        self.reason = reason


class Conflict(ApplicationError):
    """The client's own id of a request was used before, for another request."""

    code = "conflict"
    message = _("This client_id was already used for another request.")


class RateLimited(ApplicationError):
    """The caller exceeded a limit.

    `retry_after` is in seconds, at least 1. `counted` uses were counted before the refused one.
    """

    code = "rate_limited"
    status = 429
    message = _("Too many requests. Wait a moment and try again.")

    def __init__(self, *, retry_after: int, counted: int = 0) -> None:
        super().__init__()
        self.retry_after = max(1, retry_after)
        self.counted = counted


class Unavailable(ApplicationError):
    """A transient failure. Whether the request took effect is not known: repeat it as it was."""

    code = "unavailable"
    status = 503
    retry_after: ClassVar[int] = 2  # seconds; a restarted engine answers about that soon
    message = _("The service is busy. Nothing was lost: try again in a moment.")
