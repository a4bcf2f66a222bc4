"""An author's own messages, and whether the author may read their rooms now."""

from collections.abc import Collection
from uuid import UUID

from moderado.chat.models import Message
from moderado.chat.projection import own_view, view_from_outside
from moderado.chat.selectors.rooms import is_reader_sql
from moderado.chat.selectors.rows import columns, message_of
from moderado.chat.types import MessageView
from moderado.core.database import run_prepared

_OWN = f"""
    SELECT {is_reader_sql("message.author_id")}, {columns("message", "author")}
      FROM chat_message message
      JOIN accounts_user author ON author.id = message.author_id
      JOIN chat_room room ON room.id = message.room_id
      LEFT JOIN chat_membership membership
           ON membership.room_id = message.room_id AND membership.user_id = message.author_id
     WHERE message.id = ANY (%(messages)s) AND message.author_id = %(author)s
"""  # noqa: S608  (names of columns)


def own_messages(
    *, author_id: UUID, message_ids: Collection[UUID]
) -> dict[UUID, tuple[Message, bool]]:
    """Return those of the messages that the account wrote, by id.

    Returns:
        Each message with its author, and whether the author may read its room.
    """
    rows = run_prepared(_OWN, {"messages": list(message_ids), "author": author_id})
    found = ((message_of(row[1:]), row[0]) for row in rows)
    return {message.id: (message, is_reader) for message, is_reader in found}


def own_message(*, author_id: UUID, message_id: UUID) -> tuple[Message, bool] | None:
    """Return the author's message as `own_messages` does, or None."""
    return own_messages(author_id=author_id, message_ids=[message_id]).get(message_id)


def author_view(message: Message, *, is_reader: bool) -> MessageView:
    """Return the author's view of a message, in a room that they may read or may not."""
    view = own_view if is_reader else view_from_outside
    return view(message, language=message.author.language)
