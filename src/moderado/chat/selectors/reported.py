"""What members may report of rooms and messages: what they can see."""

from uuid import UUID

from moderado.chat.models import Message
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.enforcement.services.report_subjects import Reported


def reported_message(reporter_id: UUID, message_id: UUID) -> Reported | None:
    """Return a visible message, or None if the reporter does not see it."""
    visible = Message.objects.filter(
        pk=message_id, status=Message.Status.APPROVED, room__in=rooms_visible_to(reporter_id)
    )
    message = visible.first()
    if message is None:
        return None
    return Reported(
        revision=message.revision,
        text=message.text,
        author_id=message.author_id,
        scope_id=message.room_id,
    )


def reported_room(reporter_id: UUID, room_id: UUID) -> Reported | None:
    """Return a room, or None if the reporter may not read it.

    The staff of the server decide about rooms, not the moderators of the room.
    """
    room = rooms_visible_to(reporter_id).filter(pk=room_id).first()
    if room is None:
        return None
    return Reported(revision=1, text=room.name, author_id=room.created_by_id)
