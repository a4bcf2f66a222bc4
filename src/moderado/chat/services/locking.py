"""Load a message under its row lock, for services that change one message."""

from uuid import UUID

from moderado.chat.errors import NoSuchMessage, NoSuchRoom
from moderado.chat.models import Message
from moderado.chat.selectors import rooms
from moderado.core.database import require_transaction

Status = Message.Status


def locked_message(*, actor_id: UUID, message_id: UUID, room_id: UUID | None) -> Message:
    """Lock a message that the actor may see; its author and room are loaded.

    Requires a transaction.

    Args:
        actor_id: The user who wants to change the message.
        message_id: The message.
        room_id: The room in which it must be, or None for any room.

    Raises:
        NoSuchMessage: It does not exist there, or the actor may not see it.
    """
    require_transaction()
    found = Message.objects.select_for_update(of=("self",), no_key=True).filter(pk=message_id)
    if room_id is not None:
        found = found.filter(room_id=room_id)
    message = found.select_related("author", "room").first()
    if message is None:
        raise NoSuchMessage
    try:
        rooms.get_room(room_id=message.room_id, reader_id=actor_id)
    except NoSuchRoom:
        raise NoSuchMessage from None
    seen = message.status == Status.APPROVED or (message.status == Status.REMOVED and message.seq)
    if message.author_id != actor_id and not seen:
        raise NoSuchMessage
    return message
