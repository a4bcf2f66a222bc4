"""Ends the memberships of erased accounts."""

from uuid import UUID

from django.db import transaction

from moderado.chat.models import Departure, Membership, Room
from moderado.chat.services.moderators import end_claims_without_right
from moderado.chat.services.rooms import close_room, narrow_audience
from moderado.chat.services.succession import keep_an_admin
from moderado.core.database import retry_on_deadlock


@retry_on_deadlock
@transaction.atomic
def withdraw_erased(*, user_id: UUID, limit: int) -> int:
    """End memberships of an account that was closed for ever, and close rooms without members.

    Its deactivation has appointed administrators where others are active.

    Returns:
        How many ended; fewer than `limit` if none is left.
    """
    theirs = Membership.objects.filter(user=user_id).order_by("room_id")
    room_ids = list(theirs.values_list("room_id", flat=True)[:limit])
    rooms_of = Room.objects.select_for_update(no_key=True).filter(pk__in=room_ids)
    for room in rooms_of.order_by("id"):
        ended = Membership.objects.get(room=room, user=user_id)
        ended.delete()
        if room.deleted_at is not None:
            continue
        narrow_audience(room)
        keep_an_admin(room, ended)
        if not Membership.objects.filter(room=room).exists():
            close_room(room)
    Departure.objects.filter(user=user_id).delete()
    end_claims_without_right([user_id])
    return len(room_ids)
