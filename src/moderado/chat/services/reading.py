"""Read markers: how far a member has read."""

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
    """Move the read marker forward to `seq`. It never moves back, nor beyond the room's `seq`.

    Returns:
        The marker's position: 0 for a user who is no member and so has none.

    Raises:
        NoSuchRoom: There is no such room, or the user may not read it.
    """
    room = get_room(room_id=room_id, reader_id=user_id)
    reached = min(seq, room.seq)
    membership = Membership.objects.filter(room=room, user=user_id)
    if membership.filter(read_seq__lt=reached).update(read_seq=reached):
        publish(
            RoomRead(room_id=room.id, user_id=user_id, seq=reached, acl_version=room.acl_version)
        )
        return reached
    return membership.values_list("read_seq", flat=True).first() or 0
