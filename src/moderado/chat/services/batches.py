"""The statement that stores many new messages at once.

It covers the common case only: a member posts in a room of mode `pre`, without a reply, and neither
a sanction nor a measure on the room restricts that. The joins and conditions exclude all other
rows, and `services.posting` stores or refuses these one by one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from moderado.chat.selectors.refusals import is_open_sql, is_slow_sql
from moderado.chat.types import Author, NewMessage
from moderado.core import failpoints
from moderado.core.database import as_rows, recordset, retry_on_deadlock, run_prepared
from moderado.enforcement.selectors.restrictions import restricts_posting_sql

_NEW = {
    "id": "uuid",
    "room_id": "uuid",
    "author_id": "uuid",
    "client_id": "text",
    "hash": "text",
    "text": "text",
}
# MATERIALIZED and LATERAL with LIMIT look up each message by its keys: in another order, PostgreSQL
# would try every room of the server against every message. `position` is the room's seq at the time
# of the statement, as in `_INSERT` of `services.inserts`.
_INSERT = f"""
    WITH new AS MATERIALIZED (
        SELECT * FROM {recordset("new", _NEW)}
    ), allowed AS (
        SELECT new.*, room.seq AS position, membership.role
          FROM new, LATERAL (
            SELECT seq, frozen_until, newcomers_wait_until, newcomers_after, slow_mode_until
              FROM chat_room
             WHERE id = new.room_id AND deleted_at IS NULL AND moderation_mode = 'pre'
             LIMIT 1) room, LATERAL (
            SELECT role, created_at FROM chat_membership
             WHERE room_id = new.room_id AND user_id = new.author_id LIMIT 1) membership
         WHERE {is_open_sql("room", "membership")} AND NOT {is_slow_sql("room", "membership")}
           AND NOT {restricts_posting_sql("new.author_id", "new.room_id")}
    ), stored AS (
        INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
            revision, status, reason, categories, position, seq, edit_reason, edit_categories,
            queued_at, fence, attempts)
        SELECT id, statement_timestamp(), room_id, author_id, client_id, decode(hash, 'hex'), text,
            1, 'PENDING', '', '{{}}', position, 0, '', '{{}}',
            statement_timestamp(), 0, 0
          FROM allowed
        ON CONFLICT (room_id, author_id, client_id) DO NOTHING
        RETURNING id, created_at
    )
    SELECT id, stored.created_at, position, author_id,
           (SELECT name FROM accounts_user WHERE accounts_user.id = allowed.author_id), role
      FROM stored JOIN allowed USING (id)
"""  # noqa: S608  (column names are constants of this module)


@retry_on_deadlock
def insert_messages(drafts: Sequence[NewMessage]) -> list[tuple[UUID, datetime, int, Author]]:
    """Store the drafts of the common case, in one statement and one commit.

    Returns:
        The id, the time, the position and the author of each stored message. A draft is absent if
        its room has another mode or is deleted, its author is no member or is restricted, or its
        `client_id` was used before.
    """
    if not drafts:
        return []
    failpoints.reach("send.before_commit")
    # One order in every process, so that two batches with the same client_ids cannot deadlock.
    ordered = sorted(drafts, key=_order)
    return [
        (message_id, created_at, position, Author(*author))
        for message_id, created_at, position, *author in run_prepared(_INSERT, [as_rows(ordered)])
    ]


def _order(draft: NewMessage) -> tuple[UUID, UUID, str]:
    return draft.room_id, draft.author_id, draft.client_id or ""
