"""Takes the role from administrators who succeeded because of a ban that was wrong (ADR 0104)."""

from uuid import UUID

from django.db.models import F

from moderado.chat.models import Membership, Room
from moderado.chat.services.moderators import end_claims_without_right
from moderado.chat.services.rooms import narrow_audience
from moderado.chat.services.succession import active_members
from moderado.core.database import require_transaction
from moderado.enforcement.selectors.restrictions import server_bans


def put_back_successors(*, user_id: UUID, ban_id: UUID) -> None:
    """Give administrators who succeeded because of a ban their former roles, as it was undone.

    One whom the room needs, or to whom a person has given the role since, stays. If another ban
    keeps the person away, its end decides. Requires a transaction: that of the undoing.
    """
    require_transaction()
    appointed = Membership.objects.filter(succession_ban_id=ban_id)
    room_ids = appointed.values_list("room_id", flat=True)
    rooms = Room.objects.select_for_update(no_key=True).filter(pk__in=list(room_ids))
    other = server_bans().filter(user=user_id).order_by("-starts_at", "-id").first()
    for room in rooms.filter(deleted_at=None).order_by("id"):
        theirs = appointed.filter(room=room)
        admins = active_members(room.id).filter(role=Membership.Role.ADMIN)
        if admins.exclude(succession_ban_id=ban_id).exists():
            users = list(theirs.values_list("user_id", flat=True))
            theirs.update(role=F("former_role"), former_role=None, succession_ban_id=None)
            narrow_audience(room)
            end_claims_without_right(users)
    if other is None:
        appointed.update(succession_ban_id=None, former_role=None)
    else:
        appointed.update(succession_ban_id=other.pk)
