"""Administrators of rooms: every room with active members keeps an active administrator.

Only active accounts count, and a ban from the whole server is an absence like a deactivation. When
the last active administrator is deactivated, or banned from the server or the room, the
longest-standing active moderator succeeds, or else the longest-standing active member. A room that
its last active member leaves is closed. A room whose members are all inactive waits for the next
active one, who joins or is activated again; one of them keeps the role of an administrator, also
when the one who had it is erased or removed. If the ban is undone, the successor gets the former
role back (ADR 0104).

All functions evaluate the members after locking the room's row, so of two administrators who
withdraw at the same moment the second one is judged by what the first one left. Accounts are locked
before rooms: by what makes an account a member, and by its deactivation.
"""

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, Value, When

from moderado.accounts.events import AccountActivated, AccountDeactivated
from moderado.accounts.models import User
from moderado.chat.errors import LastAdmin
from moderado.chat.models import Membership, Removal, Room
from moderado.core.database import require_transaction
from moderado.enforcement.selectors.restrictions import find_server_ban, server_bans

log = structlog.get_logger(__name__)

_Role = Membership.Role


def active_members(room_id: UUID) -> QuerySet[Membership]:
    """Return the memberships of accounts in the room that are active and not banned."""
    return _of_active_accounts(Membership.objects.filter(room=room_id))


def is_active(user: User) -> bool:
    """Whether the account is active, and not banned from the whole server."""
    return user.is_active and find_server_ban(user.id) is None


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
    if membership.role != _Role.ADMIN or not is_active(membership.user):
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
    successor = _ranked(active_members(room.id)).first()
    if successor is None:
        log.warning("room_without_administrator", room=str(room.id))
        return None
    if successor.role == _Role.ADMIN:
        return None
    successor.former_role, successor.role = successor.role, _Role.ADMIN
    successor.succession_ban_id = _ban_of_admins(room)
    if successor.succession_ban_id is None:
        successor.former_role = None
    successor.save(update_fields=["role", "former_role", "succession_ban_id"])
    log.info("administrator_succeeded", room=str(room.id), user=str(successor.user_id))
    return successor


def keep_an_admin(room: Room, ended: Membership) -> None:
    """Give the role of an administrator whose membership has ended to who is left in the room.

    Requires the lock of the room's row. Does nothing if the room has another administrator or no
    member. Otherwise all members are inactive, since a successor was appointed among active ones:
    one of them keeps the role, and with it the room's claim to an administrator.
    """
    require_transaction()
    left = Membership.objects.filter(room=room)
    if ended.role != _Role.ADMIN or left.filter(role=_Role.ADMIN).exists():
        return
    heir = _ranked(left).first()
    if heir is not None:
        left.filter(pk=heir.pk).update(role=_Role.ADMIN)


def replace_lost_admin(room: Room) -> None:
    """Appoint an administrator if all those of the room are inactive. Requires the room's lock."""
    if _without_active_admin().filter(pk=room.pk).exists():
        appoint_successor(room)


@transaction.atomic
def on_account_activated(event: AccountActivated) -> None:
    replace_lost_admins_of(event.user_id)


@transaction.atomic
def on_account_deactivated(event: AccountDeactivated) -> None:
    replace_lost_admins_of(event.user_id)


def replace_lost_admins_of(user_id: UUID) -> None:
    """Appoint administrators in the account's rooms whose administrators are all inactive.

    For an account that has just become inactive, or active again. Locks all rooms of the account:
    it may be made administrator of any of them at this moment, or their last one may be
    deactivated. Requires a transaction.
    """
    require_transaction()
    joined = Membership.objects.filter(user=user_id, room__deleted_at=None)
    ids = list(joined.values_list("room_id", flat=True))
    locked = Room.objects.select_for_update(no_key=True).filter(pk__in=ids, deleted_at=None)
    open_ids = [room.pk for room in locked.order_by("id")]
    for room in _without_active_admin().filter(pk__in=open_ids):
        appoint_successor(room)


def _ranked(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Return the memberships in the order of succession."""
    rank = Case(
        When(role=_Role.ADMIN, then=Value(0)),
        When(role=_Role.MODERATOR, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return memberships.annotate(rank=rank).order_by("rank", "created_at", "id")


def _ban_of_admins(room: Room) -> UUID | None:
    """Return the newest ban that keeps an administrator away, from the server or the room."""
    admins = Membership.objects.filter(room=room, role=_Role.ADMIN, user__is_active=True)
    bans = server_bans().filter(user__in=admins.values("user"))
    of_server = bans.order_by("-starts_at", "-id").values_list("pk", flat=True).first()
    removed = _banned_admins().filter(room=room).order_by("-id")
    return of_server or removed.values_list("sanction_id", flat=True).first()


def _without_active_admin() -> QuerySet[Room]:
    """Return the rooms that have administrators, or whose last one was banned; none is active."""
    admins = Membership.objects.filter(room=OuterRef("pk"), role=_Role.ADMIN)
    banned = _banned_admins().filter(room=OuterRef("pk"))
    had_one = Room.objects.filter(Exists(admins) | Exists(banned))
    return had_one.exclude(Exists(_of_active_accounts(admins)))


def _banned_admins() -> QuerySet[Removal]:
    return Removal.objects.filter(role=_Role.ADMIN, sanction_id__isnull=False)


def _of_active_accounts(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    bans = server_bans().filter(user=OuterRef("user"))
    return memberships.filter(~Exists(bans), user__is_active=True)
