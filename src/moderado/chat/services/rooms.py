"""Opening, changing and closing rooms."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderado.chat.errors import NoSuchRoom, NotAllowedInRoom
from moderado.chat.events import AudienceChanged
from moderado.chat.models import Membership, Room
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Invalid
from moderado.core.events import publish
from moderado.core.text import clean_line

NAME_LENGTH = 80


@retry_on_deadlock
@transaction.atomic
def create_room(
    *,
    creator_id: UUID,
    name: str,
    is_private: bool = False,
    moderation_mode: str = Room.Mode.PRE,
) -> Room:
    """A new room, whose creator is its first administrator."""
    room = Room.objects.create(
        name=clean_line(name, max_length=NAME_LENGTH, field="name"),
        is_private=is_private,
        moderation_mode=_mode(moderation_mode),
        created_by_id=creator_id,
    )
    Membership.objects.create(room=room, user_id=creator_id, role=Membership.Role.ADMIN)
    return room


@retry_on_deadlock
@transaction.atomic
def update_room(
    *,
    actor_id: UUID | None,
    room_id: UUID,
    name: str | None = None,
    is_private: bool | None = None,
    moderation_mode: str | None = None,
) -> Room:
    """Change what is given. Administrators only; a room made private loses its listeners.

    Here and below, an `actor_id` of None is the operators, who may in every room.
    """
    room = lock_room(actor_id=actor_id, room_id=room_id, role=Membership.Role.ADMIN)
    if name is not None:
        room.name = clean_line(name, max_length=NAME_LENGTH, field="name")
    if moderation_mode is not None:
        room.moderation_mode = _mode(moderation_mode)
    closing = is_private is True and not room.is_private
    if is_private is not None:
        room.is_private = is_private
    room.save(update_fields=["name", "moderation_mode", "is_private"])
    if closing:
        narrow_audience(room)
    return room


@retry_on_deadlock
@transaction.atomic
def delete_room(*, actor_id: UUID | None, room_id: UUID) -> None:
    """Close the room for everybody. Its rows stay, for the audit; nobody reads them again."""
    room = lock_room(actor_id=actor_id, room_id=room_id, role=Membership.Role.ADMIN)
    room.deleted_at = timezone.now()
    room.save(update_fields=["deleted_at"])
    narrow_audience(room)


def lock_room(*, actor_id: UUID | None, room_id: UUID, role: Membership.Role | None = None) -> Room:
    """The room, locked until the transaction ends; only for `role`, where one is named.

    Rooms are locked before messages, everywhere. Raises NoSuchRoom, NotAllowedInRoom.
    """
    visible = rooms_visible_to(actor_id) if actor_id else Room.objects.filter(deleted_at=None)
    room = visible.select_for_update(no_key=True, of=("self",)).filter(pk=room_id).first()
    if room is None:
        raise NoSuchRoom
    places = Membership.objects.filter(room=room, user=actor_id, role=role)
    if role and actor_id and not places.exists():
        raise NotAllowedInRoom
    return room


def narrow_audience(room: Room, *, removed_user_id: UUID | None = None) -> None:
    """Say that somebody may have lost the right to read `room`, whose row the caller has locked."""
    room.acl_version += 1
    room.save(update_fields=["acl_version"])
    publish(
        AudienceChanged(
            room_id=room.id, acl_version=room.acl_version, removed_user_id=removed_user_id
        )
    )


def _mode(value: str) -> Room.Mode:
    try:
        return Room.Mode(value)
    except ValueError:
        raise Invalid(fields={"moderation_mode": _("There is no such mode.")}) from None
