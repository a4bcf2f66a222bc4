"""How far somebody has read."""

from uuid import UUID

from django.db import transaction

from moderado.chat.events import RoomRead
from moderado.chat.models import Membership
from moderado.chat.selectors.rooms import get_room
from moderado.core.database import retry_on_deadlock
from moderado.core.events import publish


@retry_on_deadlock
@transaction.atomic
def mark_read(*, user_id: UUID, room_id: UUID, seq: int) -> int:
    """Move the marker forward to `seq`, never back and never beyond the room's own.

    Answers where it stands: 0 for a listener who has no place in the room, and so no marker.
    """
    room = get_room(room_id=room_id, reader_id=user_id)
    reached = min(seq, room.seq)
    place = Membership.objects.filter(room=room, user=user_id)
    if place.filter(read_seq__lt=reached).update(read_seq=reached):
        publish(RoomRead(room_id=room.id, user_id=user_id, seq=reached))
        return reached
    return place.values_list("read_seq", flat=True).first() or 0
