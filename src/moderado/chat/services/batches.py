"""Posting what several people say at the same moment, in one statement and one commit.

The ordinary case only: a member speaks in a room of mode `pre`, answers nothing, and has not used
the client_id before. Everything else is left to `post_message`, which knows all cases.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from django.conf import settings

from moderado.chat.events import MessagesQueued
from moderado.chat.projection import waiting_view
from moderado.chat.services import quota
from moderado.chat.services.messages import SendResult, checked_client_id, hash_of
from moderado.chat.types import NewMessage
from moderado.core import failpoints
from moderado.core.database import again_after_collision, as_rows, ask, recordset
from moderado.core.errors import ApplicationError
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.text import clean

# Whoever is no member, and whatever is in another mode, falls out of the joins; a client_id that
# was used falls out of the INSERT. The position is the room's seq of that moment, as in `_INSERT`
# of `services.messages`.
_ASKED = {
    "id": "uuid",
    "created_at": "timestamptz",
    "room_id": "uuid",
    "author_id": "uuid",
    "client_id": "text",
    "hash": "text",
    "text": "text",
}
_INSERT = f"""
    WITH asked AS (
        SELECT * FROM {recordset("asked", _ASKED)}
    ), allowed AS (
        SELECT asked.*, room.seq AS position
          FROM asked
          JOIN chat_room room ON room.id = asked.room_id
               AND room.deleted_at IS NULL AND room.moderation_mode = 'pre'
          JOIN chat_membership place
               ON place.room_id = asked.room_id AND place.user_id = asked.author_id
    ), stored AS (
        INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
            revision, status, reason, categories, position, seq, edit_reason, edit_categories,
            queued_at, fence, attempts)
        SELECT id, created_at, room_id, author_id, client_id, decode(hash, 'hex'), text,
            1, 'PENDING', '', '{{}}', position, 0, '', '{{}}',
            statement_timestamp(), 0, 0
          FROM allowed
        ON CONFLICT (room_id, author_id, client_id) DO NOTHING
        RETURNING id, position, author_id
    )
    SELECT stored.id, stored.position, author.name
      FROM stored JOIN accounts_user author ON author.id = stored.author_id
"""  # noqa: S608  (names of our own columns)


class SendRequest(msgspec.Struct, frozen=True):
    """What somebody wants to say in a room that they may read."""

    author_id: UUID
    room_id: UUID
    text: str
    client_id: str | None


def post_messages(asked: Sequence[SendRequest]) -> list[SendResult | ApplicationError | None]:
    """Store them together: what came of each, in their order.

    None: this one is no ordinary case, nothing was stored, and `post_message` is to be asked; its
    quota has been spent. An error is one that `post_message` or the quota would have raised.

    Whoever asks tells the authors' other sockets that the messages wait: no `AuthorTold` is
    published.
    """
    outcomes: list[SendResult | ApplicationError | None] = [*_over_quota(asked)]
    longest = settings.ENV.message_max_length
    drafts: list[NewMessage] = []
    places: dict[UUID, tuple[int, NewMessage]] = {}
    for at, each in enumerate(asked):
        if outcomes[at] is None:
            try:
                draft = _draft(each, longest)
            except ApplicationError as error:
                outcomes[at] = error
                continue
            drafts.append(draft)
            places[draft.id] = at, draft
    stored = _store(drafts)
    for message_id, position, author_name in stored:
        at, draft = places[message_id]
        outcomes[at] = SendResult(
            waiting_view(draft, position=position, author_name=author_name), created=True
        )
    if stored:
        publish(MessagesQueued(message_ids=tuple(message_id for message_id, _, _ in stored)))
    if drafts:
        failpoints.reach("send.after_commit_before_ack")
    return outcomes


def _over_quota(asked: Sequence[SendRequest]) -> Sequence[ApplicationError | None]:
    return quota.spend_message_quotas([(each.author_id, each.room_id) for each in asked])


def _draft(asked: SendRequest, longest: int) -> NewMessage:
    """What is to be stored of it. Raises Invalid."""
    text = clean(asked.text, max_length=longest, field="message")
    return NewMessage(
        id=new_id(),
        created_at=datetime.now(UTC),
        room_id=asked.room_id,
        author_id=asked.author_id,
        client_id=checked_client_id(asked.client_id),
        hash=hash_of(text).hex(),
        text=text,
    )


@again_after_collision
def _store(drafts: Sequence[NewMessage]) -> list[tuple[UUID, int, str]]:
    """Store what is an ordinary case: of each its id, its position and its author's name."""
    if not drafts:
        return []
    failpoints.reach("send.before_commit")
    # In one order everywhere: two processes that are given the same client_ids wait in line.
    ordered = sorted(drafts, key=_order)
    return [(*row,) for row in ask(_INSERT, [as_rows(ordered)])]


def _order(draft: NewMessage) -> tuple[UUID, UUID, str]:
    return draft.room_id, draft.author_id, draft.client_id or ""
