"""Coming into a room, leaving it, and what one may do there.

Every function that may end a right locks the room's row first. An `actor_id` of None is the
operators, who may in every room.
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
    """`user_id`'s place in a public room, taken now if they had none."""
    return ensure_member(user_id=user_id, room_id=room_id)


@retry_on_deadlock
@transaction.atomic
def ensure_member(*, user_id: UUID, room_id: UUID) -> Membership:
    """The place of somebody who acts in a room; who had none in a public one becomes a member.

    Locks nothing for those who have a place. Raises NoSuchRoom.
    """
    if place := rooms.membership(room_id=room_id, user_id=user_id):
        return place
    # Under the lock no other can make the room private, or delete it, before we are in.
    room = lock_room(actor_id=user_id, room_id=room_id)
    return _enter(room, user_id, Membership.Role.MEMBER)[0]


@retry_on_deadlock
@transaction.atomic
def leave_room(*, user_id: UUID, room_id: UUID) -> None:
    """Give one's place up. The last administrator may not, while others are there."""
    room = lock_room(actor_id=user_id, room_id=room_id)
    place = Membership.objects.filter(room=room, user=user_id).first()
    if place is None:
        raise NotAMember
    _keep_an_admin(place)
    place.delete()
    narrow_audience(room)


@retry_on_deadlock
@transaction.atomic
def add_participant(
    *, actor_id: UUID | None, room_id: UUID, user_id: UUID, role: str = Membership.Role.MEMBER
) -> Membership:
    """Give `user_id` a place. Administrators only. Raises AlreadyAMember."""
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    # A disabled account is as good as none: the answer tells neither from the other.
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        raise Invalid(fields={"user_id": _("There is no such person.")})
    place, created = _enter(room, user_id, _role(role))
    if not created:
        raise AlreadyAMember
    return place


@retry_on_deadlock
@transaction.atomic
def change_role(*, actor_id: UUID | None, room_id: UUID, user_id: UUID, role: str) -> Membership:
    """Give a participant another role. Administrators only; one of them must remain."""
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    place = _place(room, user_id)
    wanted = _role(role)
    if wanted == place.role:
        return place
    if place.role == _ADMIN:
        _keep_an_admin(place)
    lost = _RANK[wanted] < _RANK[Membership.Role(place.role)]
    place.role = wanted
    place.save(update_fields=["role"])
    if lost:
        narrow_audience(room)
    return place


@retry_on_deadlock
@transaction.atomic
def remove_participant(*, actor_id: UUID | None, room_id: UUID, user_id: UUID) -> None:
    """Take a participant's place away; their live subscriptions end. Administrators only."""
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    place = _place(room, user_id)
    _keep_an_admin(place)
    place.delete()
    narrow_audience(room, removed_user_id=user_id)


_RANK = {
    Membership.Role.MEMBER: 0,
    Membership.Role.MODERATOR: 1,
    Membership.Role.ADMIN: 2,
}


def _enter(room: Room, user_id: UUID, role: Membership.Role) -> tuple[Membership, bool]:
    """The place of `user_id`, and whether it is new. Who comes has read what was said before."""
    newcomer = Membership(room=room, user_id=user_id, role=role, read_seq=room.seq)
    Membership.objects.bulk_create([newcomer], ignore_conflicts=True)
    place = Membership.objects.select_related("user").get(room=room, user=user_id)
    return place, place.id == newcomer.id


def _place(room: Room, user_id: UUID) -> Membership:
    try:
        return Membership.objects.select_related("user").get(room=room, user=user_id)
    except Membership.DoesNotExist:
        raise NotFound from None


def _keep_an_admin(leaving: Membership) -> None:
    """Raises LastAdmin if nobody but `leaving` could administer the room for those who stay."""
    others = Membership.objects.filter(room=leaving.room_id).exclude(pk=leaving.pk)
    if leaving.role == _ADMIN and others.exists() and not others.filter(role=_ADMIN).exists():
        raise LastAdmin


def _role(value: str) -> Membership.Role:
    try:
        return Membership.Role(value)
    except ValueError:
        raise Invalid(fields={"role": _("There is no such role.")}) from None
