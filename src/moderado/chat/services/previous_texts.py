"""Reads what an author wrote just before: a word may be cut in two messages ("por", "ra").

Only short messages are looked at, and only the messages next to them, so that a batch costs one
indexed query at most (ADR 0055).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Length
from msgspec import structs

from moderado.chat.models import Message
from moderado.core.database import as_rows, recordset, run_prepared
from moderado.moderation.types import PREVIOUS_TEXTS, Content

LONGEST = 16  # characters of a message that may be a part of a word
NEAR = 20  # messages of the room, before this one, among which the author's are found
_ASKED = {
    "id": "uuid",
    "room_id": "uuid",
    "author_id": "uuid",
    "position": "bigint",
    "since": "timestamptz",
}
_PREVIOUS = f"""
    SELECT asked.id, near.text
      FROM {recordset("asked", _ASKED)}, LATERAL (
        SELECT id, position, author_id, created_at, status, text FROM chat_message
         WHERE room_id = asked.room_id AND (position, id) < (asked.position, asked.id)
         ORDER BY position DESC, id DESC LIMIT {NEAR}) near
     WHERE near.author_id = asked.author_id AND near.created_at >= asked.since
       AND near.status IN ('PENDING', 'APPROVED')
     ORDER BY near.position, near.id
"""  # noqa: S608  (constants of this module)


def with_previous_texts(
    contents: Sequence[Content], messages: Sequence[Message]
) -> Sequence[Content]:
    """Return the contents, short ones with the author's previous texts in their context."""
    judged = zip(contents, messages, strict=True)  # an edit that waits is not the message's text
    previous = _previous([message for content, message in judged if len(content.text) <= LONGEST])
    if not previous:
        return contents
    return [
        structs.replace(each, context={**each.context, PREVIOUS_TEXTS: tuple(texts)})
        if (texts := previous.get(each.subject_id))
        else each
        for each in contents
    ]


def of_past_messages(message_ids: Collection[UUID]) -> Mapping[UUID, Sequence[str]]:
    """Return the previous texts of short messages that were judged before, as far as they exist."""
    columns = ("id", "room_id", "author_id", "position", "created_at")
    short = Message.objects.annotate(characters=Length("text")).filter(characters__lte=LONGEST)
    return _previous(list(short.filter(pk__in=message_ids).only(*columns)))


def _previous(short: Sequence[Message]) -> dict[UUID, list[str]]:
    """Return the authors' previous texts of short messages that have any."""
    seconds = settings.ENV.join_messages_seconds
    previous: dict[UUID, list[str]] = {}
    if not seconds or not short:
        return previous
    span = timedelta(seconds=seconds)
    for message_id, text in run_prepared(
        _PREVIOUS, [as_rows(_asked(message, span) for message in short)]
    ):
        previous.setdefault(message_id, []).append(text)
    return previous


def _asked(message: Message, span: timedelta) -> dict[str, object]:
    return {
        "id": message.id,
        "room_id": message.room_id,
        "author_id": message.author_id,
        "position": message.position,
        "since": message.created_at - span,
    }
