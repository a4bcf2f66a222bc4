"""Errors of frames that no service raises."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import Forbidden, Invalid


class AlreadyAuthenticated(Forbidden):
    code = "already_authenticated"
    message = _("This connection is already signed in.")


class TooManyRooms(Forbidden):
    code = "too_many_subscriptions"
    message = _("This connection subscribes to too many rooms. Unsubscribe from one first.")


class RoomMissing(Invalid):
    """A frame names no room, on a connection that may have many."""

    def __init__(self) -> None:
        super().__init__(fields={"room": _("Name the room: this connection may have several.")})
