"""Memberships: joining and leaving rooms, participants and their roles.

A function that may take away a right locks the room's row first, and raises the room's
`acl_version`. An `actor_id` of None stands for the operators, who may act in every room.
"""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.chat.errors import AlreadyAMember, LastAdmin, NotAMember
from moderado.chat.models import Membership, Room
from moderado.chat.selectors import rooms
from moderado.chat.services.rooms import lock_room, narrow_audience
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Invalid, NotFound

_ADMIN = Membership.Role.ADMIN


@retry_on_deadlock
@transaction.atomic
def join_room(*, user_id: UUID, room_id: UUID) -> Membership:
    """Make a user a member of a public room. Returns the membership they have, if they have one.

    Raises:
        NoSuchRoom: There is no such room, or the user may not read it.
    """
    return ensure_member(user_id=user_id, room_id=room_id)


@retry_on_deadlock
@transaction.atomic
def ensure_member(*, user_id: UUID, room_id: UUID) -> Membership:
    """Return a user's membership; a user without one becomes a member of a public room.

    Locks the room only to create a membership.

    Raises:
        NoSuchRoom: There is no such room, or the user may not read it.
    """
    if membership := rooms.membership(room_id=room_id, user_id=user_id):
        return membership
    # Locked, so that the room is not made private or deleted before the membership exists.
    room = lock_room(actor_id=user_id, room_id=room_id)
    return _enter(room, user_id, Membership.Role.MEMBER)[0]


@retry_on_deadlock
@transaction.atomic
def leave_room(*, user_id: UUID, room_id: UUID) -> None:
    """End one's own membership.

    Raises:
        NoSuchRoom: There is no such room, or the user may not read it.
        NotAMember: The user has no membership.
        LastAdmin: Other members would be left without an administrator.
    """
    room = lock_room(actor_id=user_id, room_id=room_id)
    membership = Membership.objects.filter(room=room, user=user_id).first()
    if membership is None:
        raise NotAMember
    _keep_an_admin(membership)
    membership.delete()
    narrow_audience(room)


@retry_on_deadlock
@transaction.atomic
def add_participant(
    *, actor_id: UUID | None, room_id: UUID, user_id: UUID, role: str = Membership.Role.MEMBER
) -> Membership:
    """Add a participant to a room. Only administrators of the room may.

    Raises:
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor is no administrator of the room.
        Invalid: There is no such active account, or no such role.
        AlreadyAMember: The account is a participant already.
    """
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    # The same error for a disabled account and for none: the answer must not reveal which.
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        raise Invalid(fields={"user_id": _("There is no such person.")})
    membership, created = _enter(room, user_id, _role(role))
    if not created:
        raise AlreadyAMember
    return membership


@retry_on_deadlock
@transaction.atomic
def change_role(*, actor_id: UUID | None, room_id: UUID, user_id: UUID, role: str) -> Membership:
    """Change the role of a participant. Only administrators of the room may.

    Raises:
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor is no administrator of the room.
        NotFound: The user is no participant.
        Invalid: There is no such role.
        LastAdmin: Other members would be left without an administrator.
    """
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    membership = _membership_of(room, user_id)
    wanted = _role(role)
    if wanted == membership.role:
        return membership
    if membership.role == _ADMIN:
        _keep_an_admin(membership)
    lost = _RANK[wanted] < _RANK[Membership.Role(membership.role)]
    membership.role = wanted
    membership.save(update_fields=["role"])
    if lost:
        narrow_audience(room)
    return membership


@retry_on_deadlock
@transaction.atomic
def remove_participant(*, actor_id: UUID | None, room_id: UUID, user_id: UUID) -> None:
    """Remove a participant from a room, and end their subscriptions to it.

    Only administrators of the room may.

    Raises:
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor is no administrator of the room.
        NotFound: The user is no participant.
        LastAdmin: Other members would be left without an administrator.
    """
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    membership = _membership_of(room, user_id)
    _keep_an_admin(membership)
    membership.delete()
    narrow_audience(room, removed_user_id=user_id)


_RANK = {
    Membership.Role.MEMBER: 0,
    Membership.Role.MODERATOR: 1,
    Membership.Role.ADMIN: 2,
}


def _enter(room: Room, user_id: UUID, role: Membership.Role) -> tuple[Membership, bool]:
    """Return the membership of `user_id`, and whether it is new.

    Earlier messages count as read for a new member.
    """
    candidate = Membership(room=room, user_id=user_id, role=role, read_seq=room.seq)
    Membership.objects.bulk_create([candidate], ignore_conflicts=True)
    membership = Membership.objects.select_related("user").get(room=room, user=user_id)
    return membership, membership.id == candidate.id


def _membership_of(room: Room, user_id: UUID) -> Membership:
    try:
        return Membership.objects.select_related("user").get(room=room, user=user_id)
    except Membership.DoesNotExist:
        raise NotFound from None


def _keep_an_admin(leaving: Membership) -> None:
    """Raise LastAdmin if `leaving` is the only administrator and other members stay."""
    others = Membership.objects.filter(room=leaving.room_id).exclude(pk=leaving.pk)
    if leaving.role == _ADMIN and others.exists() and not others.filter(role=_ADMIN).exists():
        raise LastAdmin


def _role(value: str) -> Membership.Role:
    try:
        return Membership.Role(value)
    except ValueError:
        raise Invalid(fields={"role": _("There is no such role.")}) from None
