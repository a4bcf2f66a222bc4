"""Administrators of rooms: every room with active members keeps an active administrator.

Only active accounts count. When the last active administrator is deactivated, the longest-standing
active moderator succeeds, or else the longest-standing active member. A room that its last active
member leaves is closed. A room whose members are all inactive waits for the next active one, who
joins or is activated again. All functions evaluate the members after locking the room's row, so of
two administrators who withdraw at the same moment the second one is judged by what the first one
left. Accounts are locked before rooms: by what makes an account a member, and by its deactivation.
"""

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, Value, When

from moderado.accounts.events import AccountActivated, AccountDeactivated
from moderado.chat.errors import LastAdmin
from moderado.chat.models import Membership, Room
from moderado.core.database import require_transaction

log = structlog.get_logger(__name__)

_Role = Membership.Role


def active_members(room_id: UUID) -> QuerySet[Membership]:
    """Return the memberships of active accounts in the room."""
    return Membership.objects.filter(room=room_id, user__is_active=True)


def check_not_last_admin(membership: Membership, *, staying: bool) -> None:
    """Refuse that an administrator withdraws whom the room needs.

    Requires the lock of the room's row.

    Args:
        membership: The membership that is about to end or to lose the role.
        staying: Whether the user stays in the room, with a lower role. A room of one needs its
            administrator then, too; one who leaves an otherwise empty room closes it.

    Raises:
        LastAdmin: No active administrator would remain for the active members.
    """
    require_transaction()
    if membership.role != _Role.ADMIN or not membership.user.is_active:
        return
    others = active_members(membership.room_id).exclude(pk=membership.pk)
    if not others.filter(role=_Role.ADMIN).exists() and (staying or others.exists()):
        raise LastAdmin


def appoint_successor(room: Room) -> Membership | None:
    """Make the longest-standing active moderator, or else member, administrator of the room.

    Requires the lock of the room's row. Does nothing if the room has an active administrator.

    Returns:
        The new administrator's membership, or None if none was appointed.
    """
    require_transaction()
    ranked = active_members(room.id).annotate(
        rank=Case(
            When(role=_Role.ADMIN, then=Value(0)),
            When(role=_Role.MODERATOR, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
    )
    successor = ranked.order_by("rank", "created_at", "id").first()
    if successor is None:
        log.warning("room_without_administrator", room=str(room.id))
        return None
    if successor.role == _Role.ADMIN:
        return None
    successor.role = _Role.ADMIN
    successor.save(update_fields=["role"])
    log.info("administrator_succeeded", room=str(room.id), user=str(successor.user_id))
    return successor


def replace_lost_admin(room: Room) -> None:
    """Appoint an administrator if all those of the room are inactive. Requires the room's lock."""
    if _without_active_admin().filter(pk=room.pk).exists():
        appoint_successor(room)


@transaction.atomic
def on_account_activated(event: AccountActivated) -> None:
    """Appoint successors in the account's rooms whose administrators are all inactive.

    Locks all rooms of the account: their last administrator may be deactivated at this moment.
    """
    _replace_lost_admins(event.user_id)


@transaction.atomic
def on_account_deactivated(event: AccountDeactivated) -> None:
    """Appoint successors in every room whose last active administrator this account was.

    Locks all rooms of the account: it may be made administrator of any of them at this moment.
    """
    _replace_lost_admins(event.user_id)


def _replace_lost_admins(user_id: UUID) -> None:
    joined = Membership.objects.filter(user=user_id, room__deleted_at=None)
    ids = list(joined.values_list("room_id", flat=True))
    locked = Room.objects.select_for_update(no_key=True).filter(pk__in=ids, deleted_at=None)
    open_ids = [room.pk for room in locked.order_by("id")]
    for room in _without_active_admin().filter(pk__in=open_ids):
        appoint_successor(room)


def _without_active_admin() -> QuerySet[Room]:
    """Return the rooms that have administrators, of whom none is active."""
    admins = Membership.objects.filter(room=OuterRef("pk"), role=_Role.ADMIN)
    return Room.objects.filter(Exists(admins)).exclude(Exists(admins.filter(user__is_active=True)))
