"""What notices may point at of rooms and messages, visible to others or not."""

from uuid import UUID

from moderado.chat.models import Message, Room
from moderado.enforcement.services.report_subjects import Reported

_LIVING = (Message.Status.APPROVED, Message.Status.HELD)


def noticed_message(message_id: UUID) -> Reported | None:
    """Return a message that others see or that waits for a moderator."""
    message = Message.objects.filter(pk=message_id, status__in=_LIVING).first()
    if message is None:
        return None
    return Reported(
        revision=message.revision,
        text=message.text,
        author_id=message.author_id,
        scope_id=message.room_id,
    )


def noticed_room(room_id: UUID) -> Reported | None:
    """Return a room. The staff of the server decide about it."""
    room = Room.objects.filter(pk=room_id, deleted_at=None).first()
    return (
        None if room is None else Reported(revision=1, text=room.name, author_id=room.created_by_id)
    )
