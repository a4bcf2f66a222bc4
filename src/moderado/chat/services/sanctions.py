"""What sanctions change in rooms. Handlers of events, in the transaction of the sanction."""

from uuid import UUID

from django.utils.translation import gettext as _

from moderado.accounts.models import User
from moderado.accounts.rights import ADD_SANCTION, is_entitled
from moderado.chat.errors import NotAllowedInRoom
from moderado.chat.models import Departure, Membership, Message, Removal, Room
from moderado.chat.selectors.rooms import membership
from moderado.chat.services.memberships import RANK, remove_participant, restore_participant
from moderado.chat.services.moderators import end_claims_without_right
from moderado.chat.services.rooms import close_room, narrow_audience
from moderado.chat.services.succession import replace_lost_admin, replace_lost_admins_of
from moderado.chat.services.successors import put_back_successors
from moderado.core.database import require_transaction
from moderado.core.errors import Invalid
from moderado.enforcement.events import SanctionApplied, SanctionEndChanged, SanctionLifted
from moderado.enforcement.types import SanctionEnd, SanctionKind

_Role = Membership.Role


def on_sanction_applied(event: SanctionApplied) -> None:
    """Check the ranks in the room; a ban ends the membership and the subscriptions.

    A person who is banned from the whole server stays a member, but neither counts as an
    administrator nor keeps claims on cases. A room whose last active administrator is banned gets
    another one.

    Raises:
        NotAllowedInRoom: The actor does not outrank the person.
        Invalid: A moderator of the room writes to a person who has never taken part in it.
    """
    require_transaction()
    if event.scope_id is None:
        if event.kind is SanctionKind.BAN:
            replace_lost_admins_of(event.user_id)
            end_claims_without_right([event.user_id])
        return
    theirs = membership(room_id=event.scope_id, user_id=event.user_id)
    if theirs is not None and event.actor_id is not None:
        _check_rank(theirs, actor_id=event.actor_id)
    elif theirs is None:
        _check_took_part(event, room_id=event.scope_id)
    if event.kind is SanctionKind.BAN:
        _expel(theirs, room_id=event.scope_id, user_id=event.user_id)
        if theirs is not None:
            Removal.objects.filter(room=event.scope_id, user=event.user_id).update(
                role=theirs.role, sanction_id=event.sanction_id
            )
            replace_lost_admin(theirs.room)


def on_sanction_end_changed(event: SanctionEndChanged) -> None:
    """Check the ranks in the room, as before a sanction is imposed.

    Raises:
        NotAllowedInRoom: It is longer, and the actor does not outrank the person.
    """
    require_transaction()
    if not event.is_longer or event.scope_id is None:
        return
    theirs = membership(room_id=event.scope_id, user_id=event.user_id)
    if theirs is not None:
        _check_rank(theirs, actor_id=event.actor_id)


def on_sanction_lifted(event: SanctionLifted) -> None:
    """Restore the membership that an undone ban has ended. Requires a transaction.

    A person who is back on the server becomes the administrator of rooms without an active one. If
    the ban is undone, the person also replaces the administrators who succeeded because of it.
    """
    require_transaction()
    if event.kind is not SanctionKind.BAN:
        return
    if event.scope_id is None:
        replace_lost_admins_of(event.user_id)
        if event.end is SanctionEnd.UNDONE:
            put_back_successors(user_id=event.user_id, ban_id=event.sanction_id)
        return
    ended = Removal.objects.filter(room=event.scope_id, user=event.user_id)
    by_this_ban = ended.filter(sanction_id=event.sanction_id, role__isnull=False)
    if event.end is SanctionEnd.UNDONE:
        by_this_ban.update(sanction_id=None)  # another ban in force only puts off the return
        restore_participant(room_id=event.scope_id, user_id=event.user_id)
        put_back_successors(user_id=event.user_id, ban_id=event.sanction_id)
    elif event.end is SanctionEnd.LIFTED and by_this_ban.update(role=None):
        _close_if_empty(event.scope_id)


def _close_if_empty(room_id: UUID) -> None:
    """Close a room that a ban has emptied, as the ban is not undone any more."""
    room = Room.objects.select_for_update(no_key=True).filter(pk=room_id, deleted_at=None).first()
    if room is not None and not Membership.objects.filter(room=room).exists():
        close_room(room)


def _check_rank(theirs: Membership, *, actor_id: UUID) -> None:
    if theirs.role == _Role.MEMBER:
        return
    actor = User.objects.get(pk=actor_id)
    own = membership(room_id=theirs.room_id, user_id=actor_id)
    is_higher = own is not None and RANK[_Role(own.role)] > RANK[_Role(theirs.role)]
    if not is_higher and not is_entitled(actor, ADD_SANCTION):
        raise NotAllowedInRoom


def _check_took_part(event: SanctionApplied, *, room_id: UUID) -> None:
    """Check that moderators of a room write only to people who have taken part in it.

    A stranger who reads a public room can be banned, without a note.
    """
    if event.actor_id is None or is_entitled(User.objects.get(pk=event.actor_id), ADD_SANCTION):
        return
    if event.kind is SanctionKind.BAN and not event.has_note:
        return
    of_person = [
        rows.filter(room=room_id).exists()
        for rows in (
            Message.objects.filter(author=event.user_id),
            Removal.objects.filter(user=event.user_id),
            Departure.objects.filter(user=event.user_id),
        )
    ]
    if not any(of_person):
        raise Invalid(fields={"user": _("There is no such person in the room.")})


def _expel(theirs: Membership | None, *, room_id: UUID, user_id: UUID) -> None:
    if theirs is not None:
        remove_participant(actor_id=None, room_id=room_id, user_id=user_id, is_banned=True)
        return
    # A public room is read without a membership: the subscriptions end all the same.
    room = Room.objects.select_for_update(no_key=True).filter(pk=room_id, deleted_at=None).first()
    if room is not None:
        narrow_audience(room, removed_user_id=user_id)
        Removal.objects.bulk_create([Removal(room=room, user_id=user_id)], ignore_conflicts=True)
