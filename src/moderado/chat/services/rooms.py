"""Creating, changing and deleting rooms."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from moderado.accounts.errors import SecondFactorRequired
from moderado.accounts.models import User
from moderado.accounts.services.accounts import active_account
from moderado.accounts.services.client_keys import first_result
from moderado.chat.errors import NoSuchRoom, NotAllowedInRoom, RoomCreationClosed
from moderado.chat.events import AudienceChanged
from moderado.chat.models import Membership, Room
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.chat.services.deleted_rooms import end_review
from moderado.chat.services.moderators import end_claims_without_right
from moderado.chat.services.names import (
    assign_room_name,
    placeholder,
    propose_room_name,
    publish_details,
    update_name_audience,
    withdraw_room_name,
)
from moderado.core import clock
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import Invalid
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.text import clean_line
from moderado.enforcement.selectors import restrictions

NAME_LENGTH = 80


@retry_on_deadlock
@transaction.atomic
def create_room(  # noqa: PLR0913  (what a room consists of)
    *,
    creator_id: UUID,
    name: str,
    is_private: bool = False,
    moderation_mode: str | None = None,
    audience: str = Room.Audience.MIXED,
    client_id: str | None = None,
    is_proved: bool = False,
) -> Room:
    """Create a room. Its creator becomes its first administrator.

    Others see a placeholder until the name has been judged. A repeat returns the first room, as it
    is now.

    Args:
        creator_id: The account that creates it.
        name: 1 to 80 characters after trimming, on one line.
        is_private: Whether only members may read it.
        moderation_mode: A value of `Room.Mode`; None for the server's default for such rooms.
        audience: Whom the room is for: a value of `Room.Audience`, which policies may read.
        client_id: The creator's own id of the room, for repeats.
        is_proved: Whether the session has proved the second factor that the server may demand of
            staff.

    Raises:
        Conflict: `client_id` was used for another room.
        Invalid: The name, the mode or the audience is not allowed.
        NotAuthenticated: The creator was deactivated meanwhile.
        RoomCreationClosed: Only staff create rooms, and the creator is none.
        SecondFactorRequired: It needs staff, and the session has not proved what is demanded.
        Restricted: A sanction of the server does not allow the creator to write.
    """
    active_account(creator_id)
    room_id = new_id()
    # `pre` for no mode, as earlier releases stored it: repeats of that time are recognized.
    asked = [name, is_private, moderation_mode or Room.Mode.PRE, audience]
    first_id = first_result(
        owner_id=creator_id, kind="room", client_id=client_id, content=asked, result_id=room_id
    )
    if first_id is not None:
        return Room.objects.get(pk=first_id)
    restrictions.check_may_write(user_id=creator_id, scope_id=None)
    default = settings.ENV.mode_of_new_rooms(is_private=is_private)
    mode = _mode(
        moderation_mode or default, actor_id=creator_id, is_proved=is_proved, allowed=default
    )
    if settings.ROOM_CREATION == "staff" and not _is_staff(creator_id, is_proved=is_proved):
        raise RoomCreationClosed
    name = clean_line(name, max_length=NAME_LENGTH, field="name")
    room = Room.objects.create(
        id=room_id,
        name=placeholder(room_id),
        is_private=is_private,
        moderation_mode=mode,
        audience=_audience(audience),
        created_by_id=creator_id,
    )
    Membership.objects.create(room=room, user_id=creator_id, role=Membership.Role.ADMIN)
    propose_room_name(room=room, name=name, author_id=creator_id)
    return room


@retry_on_deadlock
@transaction.atomic
def update_room(  # noqa: PLR0913  (what of a room can change)
    *,
    actor_id: UUID | None,
    room_id: UUID,
    name: str | None = None,
    is_private: bool | None = None,
    moderation_mode: str | None = None,
    audience: str | None = None,
    is_proved: bool = False,
) -> Room:
    """Change the fields that are given. Only administrators of the room may.

    When a room becomes private, the subscriptions of non-members end. A new name is judged before
    others see it, unless the operators set it.

    Args:
        actor_id: The account that changes the room; None stands for the operators, who may act in
            every room. The same holds for the other services of this module.
        room_id: The room.
        name: The new name, or None to keep it; likewise the other fields.
        is_private: Whether only members may read it.
        moderation_mode: A value of `Room.Mode`.
        audience: Whom the room is for: a value of `Room.Audience`. Texts that are judged from then
            on, a waiting name among them, are judged for it.
        is_proved: As for `create_room`.

    Raises:
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor is no administrator of the room.
        Invalid: The name, the mode or the audience is not allowed.
        SecondFactorRequired: Only staff may choose the mode, as for `create_room`.
        Restricted: The actor is muted: a name is a text, too.
    """
    room = lock_room(actor_id=actor_id, room_id=room_id, role=Membership.Role.ADMIN)
    before = (room.moderation_mode, room.is_private, room.audience)
    if audience is not None and audience != room.audience:
        room.audience = _audience(audience)
        update_name_audience(room)
    if name is not None:
        _rename(room, clean_line(name, max_length=NAME_LENGTH, field="name"), actor_id)
    if moderation_mode is not None:
        current = room.moderation_mode
        room.moderation_mode = _mode(
            moderation_mode, actor_id=actor_id, is_proved=is_proved, allowed=current
        )
    closing = is_private is True and not room.is_private
    if is_private is not None:
        room.is_private = is_private
    if (room.moderation_mode, room.is_private, room.audience) == before:
        return room
    room.save(update_fields=["moderation_mode", "is_private", "audience"])
    if closing:
        narrow_audience(room)
    publish_details(room)
    return room


@retry_on_deadlock
@transaction.atomic
def propose_name_as(*, author_id: UUID, room_id: UUID, name: str) -> None:
    """Propose the name of a room by an operator who is a party to it: it is judged first.

    Raises:
        NoSuchRoom: There is no such room.
        Invalid: The name is not allowed.
        Restricted: The operator is muted.
    """
    room = lock_room(actor_id=None, room_id=room_id)
    _rename(room, clean_line(name, max_length=NAME_LENGTH, field="name"), author_id)


@retry_on_deadlock
@transaction.atomic
def delete_room(*, actor_id: UUID | None, room_id: UUID) -> None:
    """Mark a room as deleted, and end all subscriptions to it. Its rows are kept for the audit.

    Raises:
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor is no administrator of the room.
    """
    close_room(lock_room(actor_id=actor_id, room_id=room_id, role=Membership.Role.ADMIN))


def close_room(room: Room) -> None:
    """Mark a room as deleted, whose row the caller has locked, and end all subscriptions to it."""
    require_transaction()
    room.deleted_at = clock.estimated()
    room.save(update_fields=["deleted_at"])
    end_review(room.id)
    withdraw_room_name(room.id)
    narrow_audience(room)
    moderators = Membership.objects.filter(room=room).exclude(role=Membership.Role.MEMBER)
    end_claims_without_right(moderators.values_list("user_id", flat=True))


def lock_room(*, actor_id: UUID | None, room_id: UUID, role: Membership.Role | None = None) -> Room:
    """Lock a room until the caller's transaction ends.

    Lock order: messages before rooms, everywhere (`services.publication` locks rooms last). After
    this call, lock no message.

    Args:
        actor_id: The account that acts, or None for the operators.
        room_id: The room.
        role: The role that the actor must have in the room, if any.

    Raises:
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor does not have the role.
        Banned: The actor is banned from the room.
    """
    require_transaction()
    visible = rooms_visible_to(actor_id) if actor_id else Room.objects.filter(deleted_at=None)
    room = visible.select_for_update(no_key=True, of=("self",)).filter(pk=room_id).first()
    if room is None:
        if actor_id:
            restrictions.check_not_banned(user_id=actor_id, scope_id=room_id)
        raise NoSuchRoom
    memberships = Membership.objects.filter(room=room, user=actor_id, role=role)
    if role and actor_id and not memberships.exists():
        raise NotAllowedInRoom
    return room


def narrow_audience(room: Room, *, removed_user_id: UUID | None = None) -> None:
    """Publish that users may have lost the right to read `room`.

    Args:
        room: The room, whose row the caller has locked.
        removed_user_id: The participant who was removed, if that is the reason: their
            subscriptions end even if the room is public.
    """
    require_transaction()
    room.acl_version += 1
    room.save(update_fields=["acl_version"])
    publish(
        AudienceChanged(
            room_id=room.id, acl_version=room.acl_version, removed_user_id=removed_user_id
        )
    )


def _rename(room: Room, name: str, actor_id: UUID | None) -> None:
    if actor_id is None:
        assign_room_name(room=room, name=name, actor_id=None)
        room.name = name
    else:
        restrictions.check_may_write(user_id=actor_id, scope_id=room.id)
        propose_room_name(room=room, name=name, author_id=actor_id)


def _mode(value: str, *, actor_id: UUID | None, is_proved: bool, allowed: str) -> Room.Mode:
    """Return the mode: `allowed`, or one that the actor may choose."""
    try:
        mode = Room.Mode(value)
    except ValueError:
        raise Invalid(fields={"moderation_mode": _("There is no such mode.")}) from None
    if actor_id is None or mode == allowed or mode in settings.MEMBER_ROOM_MODES:
        return mode
    if not _is_staff(actor_id, is_proved=is_proved):
        raise Invalid(fields={"moderation_mode": _("Only staff may choose this mode.")})
    return mode


def _audience(value: str) -> Room.Audience:
    try:
        return Room.Audience(value)
    except ValueError:
        raise Invalid(fields={"audience": _("There is no such audience.")}) from None


def _is_staff(user_id: UUID, *, is_proved: bool) -> bool:
    """Tell whether an account acts as staff. Raises SecondFactorRequired without its proof."""
    found = User.objects.filter(pk=user_id, is_staff=True, is_active=True).exists()
    if found and not is_proved and settings.STAFF_SECOND_FACTOR != "off":
        raise SecondFactorRequired
    return found
