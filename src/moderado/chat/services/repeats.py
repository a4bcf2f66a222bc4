"""Recognize a message that was sent before, before anything else is validated, counted or changed.

The author's `client_id` names the message for ever. The answer to a repeat is the first message,
whatever happened since: the original of a reply was deleted, the author left the room or was
removed from it, the room was closed, a limit changed (ADR 0037).
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from moderado.chat.errors import Conflict
from moderado.chat.models import Message
from moderado.chat.selectors.own_messages import author_view
from moderado.chat.selectors.rooms import is_reader_sql
from moderado.chat.selectors.rows import columns, message_of
from moderado.chat.types import NewMessage, SendResult
from moderado.core.database import as_rows, recordset, run_prepared

# LIMIT prevents a join by another plan than one index look-up for each row.
_DRAFTS = {"id": "uuid", "room_id": "uuid", "author_id": "uuid", "client_id": "text"}
_FIND = f"""
    SELECT draft.id, {is_reader_sql("draft.author_id")}, {columns("message", "author")}
      FROM {recordset("draft", _DRAFTS)}
      LEFT JOIN chat_room room ON room.id = draft.room_id
      LEFT JOIN chat_membership membership
           ON membership.room_id = draft.room_id AND membership.user_id = draft.author_id
      LEFT JOIN LATERAL (
        SELECT * FROM chat_message
         WHERE author_id = draft.author_id AND room_id = draft.room_id
           AND client_id = draft.client_id LIMIT 1) message ON true
      LEFT JOIN accounts_user author ON author.id = message.author_id
"""  # noqa: S608  (column names are constants)


class Found(msgspec.Struct, frozen=True):
    """What is known about a draft before it is stored.

    `first` is the message that was stored under its `client_id`, with its author.
    """

    is_reader: bool
    first: Message | None = None


def look_up(drafts: Sequence[NewMessage]) -> dict[UUID, Found]:
    """Find out which drafts are repeats, and whether the authors may read their rooms.

    Returns:
        What was found, by the id of the draft.
    """
    rows = run_prepared(_FIND, [as_rows(map(_row, drafts))])
    return {row[0]: Found(row[1], message_of(row[2:]) if row[2] else None) for row in rows}


def result_of_repeat(found: Found, draft: NewMessage) -> SendResult:
    """Return the result of sending the draft again.

    Raises:
        Conflict: The first revision had another text, or answered another message.
    """
    first = found.first
    assert first is not None
    if bytes(first.first_hash).hex() != draft.hash or first.reply_to_id != draft.reply_to:
        raise Conflict
    return SendResult(author_view(first, is_reader=found.is_reader), created=False)


def _row(draft: NewMessage) -> dict[str, object]:
    return {
        "id": draft.id,
        "room_id": draft.room_id,
        "author_id": draft.author_id,
        "client_id": draft.client_id if _is_storable(draft.client_id or "") else None,
    }


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL can store it. Which other `client_id`s were allowed may have changed."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
