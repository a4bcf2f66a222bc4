"""Load a message under its row lock, for services that change one message."""

from typing import Any
from uuid import UUID

from moderado.chat.errors import NoSuchMessage, NoSuchRoom
from moderado.chat.models import Message
from moderado.chat.selectors import rooms
from moderado.chat.selectors.rows import columns, message_of
from moderado.core.database import require_transaction, run_prepared

Status = Message.Status

_LOCK = f"""
    SELECT {columns("message", "author")}
      FROM chat_message message JOIN accounts_user author ON author.id = message.author_id
     WHERE message.id = %(message)s
       AND (%(room)s::uuid IS NULL OR message.room_id = %(room)s)
       FOR NO KEY UPDATE OF message
"""  # noqa: S608  (names of columns)


def locked_message(
    *, actor_id: UUID, message_id: UUID, room_id: UUID | None
) -> tuple[Message, str]:
    """Lock a message that the actor may see; its author is loaded.

    Requires a transaction.

    Args:
        actor_id: The user who wants to change the message.
        message_id: The message.
        room_id: The room in which it must be, or None for any room.

    Returns:
        The message, and the mode of its room.

    Raises:
        NoSuchMessage: It does not exist there, or the actor may not see it.
        Banned: The actor is banned from the room.
    """
    require_transaction()
    values: dict[str, Any] = {"message": message_id, "room": room_id}
    rows = run_prepared(_LOCK, values)
    if not rows:
        raise NoSuchMessage
    message = message_of(rows[0])
    try:
        head, _, _ = rooms.found_by(room_id=message.room_id, reader_id=actor_id)
    except NoSuchRoom:
        raise NoSuchMessage from None
    seen = message.status == Status.APPROVED or (message.status == Status.REMOVED and message.seq)
    if message.author_id != actor_id and not seen:
        raise NoSuchMessage
    return message, head.moderation_mode
