"""Who makes a request, which rooms they moderate, and what they may see as staff."""

from collections.abc import Collection
from typing import cast
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.accounts.types import Principal
from moderado.chat.selectors.rooms import moderated_rooms
from moderado.core.errors import Forbidden, NotFound
from moderado.enforcement.types import Actor


def caller(request: Request) -> Principal:
    """Return who makes an authenticated request."""
    return cast("Principal", request.auth)


def require(request: Request, permission: str) -> User:
    """Return the caller, who is staff with the permission.

    Raises:
        Forbidden: The caller is not; also for want of a second factor (SecondFactorRequired).
    """
    actor = cast("User", request.user)
    if not rights.acts_as_staff(actor, permission):
        raise Forbidden
    return actor


def actor_of(request: Request, permission: str) -> Actor:
    """Return the caller as a moderator of their rooms, or of all as staff with the permission."""
    return Actor(
        id=caller(request).user_id,
        scope_ids=moderated_or_all(request, permission),
        sees_restricted=sees_restricted(request),
    )


def may(request: Request, permission: str) -> bool:
    """Tell whether the caller is staff with the permission."""
    return rights.staff_may(cast("User", request.user), permission)


def is_proved(request: Request) -> bool:
    """Tell whether the session has proved the second factor that the server may demand of staff."""
    return rights.has_second_factor(cast("User", request.user))


def sees_restricted(request: Request) -> bool:
    """Tell whether cases about danger to children exist for the caller."""
    return may(request, rights.VIEW_RESTRICTED_CASE)


def moderated_or_all(request: Request, permission: str) -> Collection[UUID] | None:
    """Return the rooms that the caller moderates; None for staff with the permission: all.

    Raises:
        SecondFactorRequired: The staff's session lacks what the server demands.
    """
    user = cast("User", request.user)
    return None if rights.acts_as_staff(user, permission) else moderated_rooms(user.id)


def moderated_scopes(request: Request, permission: str) -> Collection[UUID] | None:
    """Return the rooms of a moderator; None for staff with the permission: all rooms.

    Raises:
        Forbidden: The caller moderates no room.
    """
    rooms = moderated_or_all(request, permission)
    if rooms is not None and not rooms:
        raise Forbidden(_("This is for moderators."))
    return rooms


def check_moderated(room_id: UUID | None, scope_ids: Collection[UUID] | None) -> None:
    """Check that a room, if a request names one, is among those of `moderated_scopes`.

    Raises:
        NotFound: It is not.
    """
    if room_id is not None and scope_ids is not None and room_id not in scope_ids:
        raise NotFound
