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
    "before": "bigint",
    "since": "timestamptz",
    "until": "timestamptz",
}
# A message that was never public will stand behind all that are visible when it is published, and
# in the order of the ids among those that wait.
_PREVIOUS = f"""
    SELECT asked.id, near.text
      FROM {recordset("asked", _ASKED)}, LATERAL (
        SELECT id, position, author_id, created_at, status, text FROM chat_message
         WHERE room_id = asked.room_id AND (position, id) < (asked.before, asked.id)
         ORDER BY position DESC, id DESC LIMIT {NEAR}) near
     WHERE near.author_id = asked.author_id AND near.id <> asked.id
       AND near.created_at BETWEEN asked.since AND asked.until
       AND (near.status = 'APPROVED' OR near.status = 'PENDING'
            AND (near.position, near.id) < (asked.position, asked.id))
     ORDER BY near.status = 'PENDING', near.position, near.id
"""  # noqa: S608  (constants of this module)
_LAST = 2**63 - 1


def with_previous_texts(
    contents: Sequence[Content], messages: Sequence[Message]
) -> Sequence[Content]:
    """Return the contents, short ones with the author's previous texts in their context."""
    judged = zip(contents, messages, strict=True)  # an edit that waits is not the message's text
    short = [message for content, message in judged if len(content.text) <= LONGEST]
    previous = _previous({message: message.published_at is None for message in short})
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
    return _previous(dict.fromkeys(short.filter(pk__in=message_ids).only(*columns), False))


def _previous(short: Mapping[Message, bool]) -> dict[UUID, list[str]]:
    """Return the authors' previous texts of short messages that have any.

    Args:
        short: The messages, and whether each is still to be published for the first time.
    """
    seconds = settings.ENV.join_messages_seconds
    previous: dict[UUID, list[str]] = {}
    if not seconds or not short:
        return previous
    span = timedelta(seconds=seconds)
    for message_id, text in run_prepared(
        _PREVIOUS, [as_rows(_asked(message, span, unseen) for message, unseen in short.items())]
    ):
        previous.setdefault(message_id, []).append(text)
    return previous


def _asked(message: Message, span: timedelta, unseen: bool) -> dict[str, object]:  # noqa: FBT001
    return {
        "id": message.id,
        "room_id": message.room_id,
        "author_id": message.author_id,
        "position": message.position,
        "before": _LAST if unseen else message.position,
        "since": message.created_at - span,
        "until": message.created_at + span,
    }
