"""Error frames: in the connection's language, and without anything that the user may not know."""

from typing import Any
from uuid import UUID

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from msgspec import UNSET, UnsetType

from moderado.core import metrics
from moderado.core.errors import ApplicationError, Invalid, Unavailable
from moderado.core.newcomers import NewcomerLimited
from moderado.enforcement.errors import Restricted
from moderado.realtime.wire import protocol
from moderado.realtime.wire.close_codes import CLOSE_REASONS, CloseCode
from moderado.realtime.wire.decode import BadFrame


class GoingAway(Unavailable):
    """The server is shutting down and starts no new work on this connection."""

    code = "going_away"


_CLOSING_MESSAGES: dict[CloseCode, Promise] = {
    CloseCode.NOT_AUTHENTICATED: _("You are not, or no longer, signed in on this connection."),
    CloseCode.NOT_A_PARTICIPANT: _("You no longer belong to this room."),
    CloseCode.NO_SUCH_ROOM: _("There is no such room, or you may not see it."),
    CloseCode.TOO_MANY_CONNECTIONS: _("Too many connections are open. Close one of them first."),
    CloseCode.FLOODING: _("Far too many frames: the connection is closed."),
    CloseCode.INTERNAL_ERROR: _("Too many errors: the connection is closed."),
}


def closing_error(code: CloseCode, language: str, *, room_id: UUID | None = None) -> protocol.Error:
    """Return the error that precedes the end of a connection, or of one room's subscription.

    Args:
        language: The language of the sentence.
        room_id: The room, if only its subscription ends.
    """
    name = CLOSE_REASONS[code].name
    metrics.REFUSED.labels(entry_point="ws", code=name).inc()
    return _error(
        code=name,
        message=_translate(_CLOSING_MESSAGES[code], language),
        room=UNSET if room_id is None else room_id,
    )


def error_frame(
    error: ApplicationError, language: str, frame: protocol.ClientFrame | None = None
) -> protocol.Error:
    """Return the error for a frame that was refused, or without one, for the connection."""
    metrics.REFUSED.labels(entry_point="ws", code=error.code).inc()
    errors = error.fields if isinstance(error, Invalid) else {}
    fields = {name: _translate(text, language) for name, text in errors.items()}
    return _error(
        code=error.code,
        message=next(iter(fields.values()), None) or _translate(error.detail, language),
        retry_after=_retry_after(error),
        details=protocol.RestrictionDetails(**error.details)
        if isinstance(error, Restricted | NewcomerLimited)
        else UNSET,
        fields=fields or UNSET,
        **_reference(frame),
    )


def _retry_after(error: ApplicationError) -> int | UnsetType:
    wait = getattr(error, "retry_after", None)
    return UNSET if wait is None else wait


def internal_error(error_id: str, language: str, frame: protocol.ClientFrame) -> protocol.Error:
    """Return the error for a failure of the server. The log has the details under `error_id`."""
    metrics.REFUSED.labels(entry_point="ws", code="internal").inc()
    return _error(
        code="internal",
        message=_translate(_("Something went wrong. Try again in a moment."), language),
        error_id=error_id,
        **_reference(frame),
    )


def bad_frame_error(bad: BadFrame, language: str) -> protocol.Error:
    """Return the error for a frame that could not be decoded."""
    metrics.REFUSED.labels(entry_point="ws", code=bad.code).inc()
    message = _translate(bad.message, language)
    if bad.field:
        message %= {"field": bad.field}
    read = {name: getattr(bad, name) for name in ("frame", "client_id", "id", "room")}
    return _error(
        code=bad.code,
        message=message,
        fields={bad.field: message} if bad.field else UNSET,
        **{name: str(value) for name, value in read.items() if value is not None},
    )


def _error(*, code: str, message: str, **details: Any) -> protocol.Error:
    return protocol.Error(code=code, message=message, error=message, **details)


def _reference(frame: protocol.ClientFrame | None) -> dict[str, Any]:
    """The fields by which a client recognizes which of its frames was refused."""
    if frame is None:
        return {}
    reference = {"frame": str(frame.__struct_config__.tag)}
    for field in ("client_id", "id", "room"):
        if (value := getattr(frame, field, None)) is not None:
            reference[field] = str(value)
    return reference


def _translate(text: str | Promise, language: str) -> str:
    with translation.override(language):
        return str(text)
