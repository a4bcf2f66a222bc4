"""Errors as frames: in the reader's language, and with nothing in them that is not theirs."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from msgspec import UNSET

from moderado.accounts.types import Principal
from moderado.core import metrics
from moderado.core.errors import ApplicationError, Invalid, RateLimited, Unavailable
from moderado.realtime.wire import protocol
from moderado.realtime.wire.close_codes import CLOSE_REASONS, CloseCode
from moderado.realtime.wire.decode import Refusal


class GoingAway(Unavailable):
    """The server is being stopped: nothing new is begun on this connection."""

    code = "going_away"


_CLOSING_MESSAGES: dict[CloseCode, Promise] = {
    CloseCode.NOT_AUTHENTICATED: _("You are not, or no longer, signed in on this connection."),
    CloseCode.NOT_A_PARTICIPANT: _("You no longer belong to this room."),
    CloseCode.NO_SUCH_ROOM: _("There is no such room, or you may not see it."),
    CloseCode.TOO_MANY_CONNECTIONS: _("Too many connections are open. Close one of them first."),
    CloseCode.FLOODING: _("Far too many frames: the connection is closed."),
    CloseCode.INTERNAL_ERROR: _("Too many errors: the connection is closed."),
}


def closing_error(
    code: CloseCode, principal: Principal | None, *, room_id: UUID | None = None
) -> protocol.Error:
    """Why a connection, or the subscription of a room, ends."""
    name, message = CLOSE_REASONS[code].name, _CLOSING_MESSAGES[code]
    metrics.REFUSED.labels(entry_point="ws", code=name).inc()
    return protocol.Error(
        code=name,
        message=_said(message, principal),
        room=UNSET if room_id is None else room_id,
    )


def error_of(
    error: ApplicationError, principal: Principal | None, frame: protocol.ClientFrame | None = None
) -> protocol.Error:
    """Why a frame could not be carried out, or, without one, why the connection is refused."""
    metrics.REFUSED.labels(entry_point="ws", code=error.code).inc()
    fields = error.fields if isinstance(error, Invalid) else {}
    said = {name: _said(text, principal) for name, text in fields.items()}
    return protocol.Error(
        code=error.code,
        message=next(iter(said.values()), None) or _said(error.detail, principal),
        retry_after=error.retry_after if isinstance(error, RateLimited) else UNSET,
        fields=said or UNSET,
        **_named(frame),
    )


def unexpected_error(
    error_id: str, principal: Principal | None, frame: protocol.ClientFrame
) -> protocol.Error:
    """Something is wrong with the server: the log knows what, under this id."""
    metrics.REFUSED.labels(entry_point="ws", code="internal").inc()
    return protocol.Error(
        code="internal",
        message=_said(_("Something went wrong. Try again in a moment."), principal),
        error_id=error_id,
        **_named(frame),
    )


def refusal(refused: Refusal, principal: Principal | None) -> protocol.Error:
    """Why a frame could not be read."""
    metrics.REFUSED.labels(entry_point="ws", code=refused.code).inc()
    message = _said(refused.message, principal)
    return protocol.Error(
        code=refused.code,
        message=message % {"field": refused.field} if refused.field else message,
        client_id=UNSET if refused.client_id is None else refused.client_id,
        frame=UNSET if refused.frame is None else refused.frame,
    )


def _named(frame: protocol.ClientFrame | None) -> dict[str, Any]:
    """Which frame it was, so that a client finds its own again."""
    if frame is None:
        return {}
    named = {"frame": str(frame.__struct_config__.tag)}
    for field in ("client_id", "id", "room"):
        if (value := getattr(frame, field, None)) is not None:
            named[field] = str(value)
    return named


def _said(text: str | Promise, principal: Principal | None) -> str:
    language = settings.LANGUAGE_CODE if principal is None else principal.language
    with translation.override(language):
        return str(text)
