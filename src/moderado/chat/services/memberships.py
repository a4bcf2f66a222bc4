"""Memberships: joining and leaving rooms, participants and their roles.

A function that may take away a right locks the room's row first, and raises the room's
`acl_version`. An `actor_id` of None stands for the operators, who may act in every room.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.accounts.services.client_keys import first_result
from moderado.chat.errors import (
    AlreadyAMember,
    NoSuchRoom,
    NotAllowedInRoom,
    NotAMember,
    PersonBanned,
)
from moderado.chat.models import Membership, Removal, Room
from moderado.chat.selectors import rooms
from moderado.chat.services.moderators import end_claims_without_right
from moderado.chat.services.own_changes import repeat_own_changes
from moderado.chat.services.rooms import close_room, lock_room, narrow_audience
from moderado.chat.services.slow_mode import pause_of_returning
from moderado.chat.services.succession import (
    active_members,
    check_not_last_admin,
    is_active,
    keep_an_admin,
    replace_lost_admin,
)
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import Invalid, NotFound
from moderado.core.ids import new_id
from moderado.enforcement.selectors.blocks import hidden_from
from moderado.enforcement.selectors.restrictions import banned_from

_ADMIN = Membership.Role.ADMIN
_ROLE = ["role", "succession_ban_id", "former_role"]


@retry_on_deadlock
@transaction.atomic
def join_room(*, user_id: UUID, room_id: UUID) -> Membership:
    """Make a user a member of a public room. Returns the membership they have, if they have one.

    Raises:
        NoSuchRoom: There is no such room, or the user may not read it.
        Banned: The user is banned from the room.
    """
    return ensure_member(user_id=user_id, room_id=room_id)


@retry_on_deadlock
@transaction.atomic
def ensure_member(*, user_id: UUID, room_id: UUID) -> Membership:
    """Return a user's membership; a user without one becomes a member of a public room.

    Locks the room only to create a membership.

    Raises:
        NoSuchRoom: There is no such room, the user may not read it, or was deactivated meanwhile.
    """
    if membership := rooms.membership(room_id=room_id, user_id=user_id):
        return membership
    account = _locked_account(user_id)
    if account is None or not account.is_active:  # an erasure has ended its memberships
        raise NoSuchRoom
    # Locked, so that the room is not made private or deleted before the membership exists.
    room = lock_room(actor_id=user_id, room_id=room_id)
    return _enter(room, user_id, Membership.Role.MEMBER)[0]


@retry_on_deadlock
@transaction.atomic
def leave_room(*, user_id: UUID, room_id: UUID, successor_id: UUID | None = None) -> None:
    """End one's own membership. The room is closed if no active member remains.

    Args:
        user_id: The account that leaves.
        room_id: The room.
        successor_id: An active member who becomes an administrator before the user leaves. Only
            an administrator may name one.

    Raises:
        NoSuchRoom: There is no such room, or the user may not read it.
        NotAMember: The user has no membership.
        NotAllowedInRoom: The user names a successor and is no administrator.
        Invalid: The successor is no other active member.
        LastAdmin: Other active members would be left without an active administrator.
    """
    room = lock_room(actor_id=user_id, room_id=room_id)
    membership = _find(room, user_id)
    if membership is None:
        raise NotAMember
    if successor_id is not None:
        _hand_over(membership, successor_id)
    _withdraw(room, membership)


@retry_on_deadlock
@transaction.atomic
def add_participant(
    *,
    actor_id: UUID | None,
    room_id: UUID,
    user_id: UUID,
    role: str = Membership.Role.MEMBER,
    client_id: str | None = None,
) -> Membership:
    """Add a participant to a room. Only administrators of the room may.

    A repeat has no effect and returns the participant as it is now. It does not add again one who
    has left or was removed since.

    Args:
        actor_id: The account that adds; None for the operators.
        room_id: The room.
        user_id: The account to add.
        role: Its role in the room.
        client_id: The actor's own id of the request.

    Raises:
        Conflict: `client_id` was used for another account or role in this room.
        NotFound: It is a repeat, and the account is no participant any more.
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor is no administrator of the room.
        PersonBanned: A moderator has banned the account from the room.
        Invalid: There is no such active account or role, or one of the two blocks the other.
        AlreadyAMember: The account is a participant already.
    """
    name = None if client_id is None else f"{room_id}/{client_id}"
    key: dict[str, Any] = {"owner_id": actor_id, "kind": "participant", "client_id": name}
    if first_result(**key, content=[user_id, role], result_id=new_id()) is not None:
        return _membership_of(lock_room(actor_id=actor_id, room_id=room_id), user_id)
    account = _locked_account(user_id)
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    # The same error for a disabled account and for none: the answer must not reveal which.
    is_hidden = actor_id is not None and user_id in hidden_from(actor_id)
    if account is None or not account.is_active or is_hidden:
        raise Invalid(fields={"user_id": _("There is no such person.")})
    if banned_from(room_id, [user_id]):
        raise PersonBanned
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
        LastAdmin: The room would be left without an active administrator.
    """
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    membership = _membership_of(room, user_id)
    wanted = _role(role)
    membership.succession_ban_id = membership.former_role = None  # a person has decided
    if wanted == membership.role:
        membership.save(update_fields=_ROLE)
        return membership
    check_not_last_admin(membership, staying=True)
    lost = RANK[wanted] < RANK[Membership.Role(membership.role)]
    membership.role = wanted
    membership.save(update_fields=_ROLE)
    if lost:
        narrow_audience(room)
        end_claims_without_right([user_id])
    return membership


@retry_on_deadlock
@transaction.atomic
def remove_participant(
    *, actor_id: UUID | None, room_id: UUID, user_id: UUID, is_banned: bool = False
) -> None:
    """Remove a participant from a room, and end their subscriptions to it.

    Only administrators of the room may. The room is closed if no active member remains. The setting
    PENDING_OF_REMOVED decides about messages of the user that wait for a verdict.

    Args:
        actor_id: None for staff and bans, whose rights have been checked.
        room_id: The room.
        user_id: The participant.
        is_banned: The room that it empties stays open, and the caller appoints an administrator.

    Raises:
        NoSuchRoom: There is no such room, or the actor may not read it.
        NotAllowedInRoom: The actor is no administrator of the room.
        NotFound: The user is no participant.
        LastAdmin: It is no ban, and other active members would be left without an active
            administrator.
    """
    room = lock_room(actor_id=actor_id, room_id=room_id, role=_ADMIN)
    end = _end if is_banned else _withdraw
    end(room, _membership_of(room, user_id), removed_user_id=user_id)
    Removal.objects.bulk_create([Removal(room=room, user_id=user_id)], ignore_conflicts=True)


def restore_participant(*, room_id: UUID, user_id: UUID) -> None:
    """Make a person again what they were in a room before a ban that was undone.

    Without effect if another ban is in force or has ended the membership, or if room or account
    have ended. Requires a transaction: that of the undoing.
    """
    require_transaction()
    account = _locked_account(user_id)
    room = Room.objects.select_for_update(no_key=True).filter(pk=room_id, deleted_at=None).first()
    if room is None or account is None or not account.is_active or banned_from(room_id, [user_id]):
        return
    removals = Removal.objects.filter(room=room, user=user_id, sanction_id=None)
    removal = removals.filter(role__isnull=False).first()
    if removal is not None and removal.role is not None:
        _enter(room, user_id, Membership.Role(removal.role))


RANK = {Membership.Role.MEMBER: 0, Membership.Role.MODERATOR: 1, Membership.Role.ADMIN: 2}


def _locked_account(user_id: UUID) -> User | None:
    """Lock an account before the room that it enters, in the order of a deactivation.

    A deactivation looks for an administrator in the rooms of the account. It could not see one that
    the account enters at this moment.
    """
    return User.objects.select_for_update(no_key=True).filter(pk=user_id).first()


def _enter(room: Room, user_id: UUID, role: Membership.Role) -> tuple[Membership, bool]:
    """Return the membership of `user_id`, and whether it is new.

    Earlier messages count as read for a new member.
    """
    values = {"read_seq": room.seq, "next_post_at": pause_of_returning(room, user_id)}
    candidate = Membership(room=room, user_id=user_id, role=role, **values)
    Membership.objects.bulk_create([candidate], ignore_conflicts=True)
    Removal.objects.filter(room=room, user=user_id).delete()
    replace_lost_admin(room)
    membership = Membership.objects.select_related("user").get(room=room, user=user_id)
    is_new = membership.id == candidate.id
    if is_new and room.is_private:
        repeat_own_changes(room_id=room.id, author_id=user_id)
    return membership, is_new


def _find(room: Room, user_id: UUID) -> Membership | None:
    return Membership.objects.select_related("user").filter(room=room, user=user_id).first()


def _membership_of(room: Room, user_id: UUID) -> Membership:
    membership = _find(room, user_id)
    if membership is None:
        raise NotFound
    return membership


def _hand_over(membership: Membership, successor_id: UUID) -> None:
    if membership.role != _ADMIN:
        raise NotAllowedInRoom
    others = active_members(membership.room_id).exclude(pk=membership.pk)
    given = {"role": _ADMIN, "succession_ban_id": None, "former_role": None}
    if not others.filter(user=successor_id).update(**given):
        raise Invalid(fields={"successor_id": _("There is no such person in the room.")})


def _withdraw(room: Room, membership: Membership, *, removed_user_id: UUID | None = None) -> None:
    """End the membership. The room is closed if its last active member withdraws."""
    check_not_last_admin(membership, staying=False)
    _end(room, membership, removed_user_id=removed_user_id)
    keep_an_admin(room, membership)
    if is_active(membership.user) and not active_members(room.id).exists():
        close_room(room)


def _end(room: Room, membership: Membership, *, removed_user_id: UUID | None = None) -> None:
    membership.delete()
    narrow_audience(room, removed_user_id=removed_user_id)
    if membership.role != Membership.Role.MEMBER:
        end_claims_without_right([membership.user_id])


def _role(value: str) -> Membership.Role:
    try:
        return Membership.Role(value)
    except ValueError:
        raise Invalid(fields={"role": _("There is no such role.")}) from None
