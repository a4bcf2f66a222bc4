"""Store changed messages, and number public changes with the next `seq` of their room.

One statement locks the rooms in id order, takes the numbers and writes the message rows. It is the
last statement of its transaction, so that the locks of rooms are short.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

import msgspec

from moderado.chat.events import ChangeKind, RoomChange, RoomsChanged
from moderado.chat.models import Message
from moderado.chat.projection import change_of
from moderado.chat.types import MESSAGE
from moderado.core.database import as_rows, recordset, require_transaction, run_prepared
from moderado.core.events import publish
from moderado.moderation.events import SubjectsChanging

_COLUMNS: Mapping[str, str] = {
    "text": "text",
    "revision": "integer",
    "status": "text",
    "reason": "text",
    "categories": "text[]",
    "edited_at": "timestamptz",
    "removed_at": "timestamptz",
    "sweep_id": "uuid",
    "edit_text": "text",
    "edit_revision": "integer",
    "edit_status": "text",
    "edit_reason": "text",
    "edit_categories": "text[]",
    "queued_at": "timestamptz",
    "lease_until": "timestamptz",
    "attempts": "smallint",
}
SETTLED = ("status", "reason", "categories", "queued_at", "lease_until")

# `nth` counts the public changes of the room in this statement from 1; it is NULL if the room is
# only locked. `appears`: the change is the first publication, which sets the position.
_PLACE = {"id": "uuid", "room_id": "uuid", "nth": "bigint", "appears": "boolean"}
_OF_SEEN = (ChangeKind.UPDATED, ChangeKind.REMOVED)


class Changed(msgspec.Struct, frozen=True):
    """A message as it is to be stored, and the change that its room sees, or None.

    `locks_room`: its room is locked without a change, so that it is not deleted meanwhile.
    """

    message: Message
    kind: ChangeKind | None = None
    locks_room: bool = False


class Written(msgspec.Struct, frozen=True):
    """The time of the writing by PostgreSQL's clock, and which locked rooms were deleted before."""

    at: datetime
    deleted_rooms: Sequence[UUID]


def write(changes: Sequence[Changed], columns: Sequence[str] = tuple(_COLUMNS)) -> Written:
    """Store messages and publish `RoomsChanged` for the public changes.

    Sets `seq`, and on first publication `position` and `published_at`, on the messages too.
    Requires a transaction that holds the row locks of the messages.

    Args:
        changes: The messages, changed in memory.
        columns: The columns that may have changed; all that a transition can change by default.
    """
    require_transaction()
    by_room: dict[UUID, list[Changed]] = {}
    rows = [_row(change, columns, by_room) for change in changes]
    # A first publication changes nothing that others have seen.
    seen = [each.message.id for each in changes if each.kind in _OF_SEEN]
    if seen:
        publish(SubjectsChanging(subject_type=MESSAGE, subject_ids=tuple(seen)))
    answer = run_prepared(_statement(tuple(columns)), [as_rows(rows)])
    if by_room:
        rooms = [_numbered(at, by_room[room], room, *place) for at, _, room, *place in answer]
        publish(RoomsChanged(rooms=tuple(rooms)))
    return Written(answer[0][0], answer[0][1] or ())


def _row(
    change: Changed, columns: Sequence[str], by_room: dict[UUID, list[Changed]]
) -> dict[str, object]:
    message = change.message
    row: dict[str, object] = {"id": message.id}
    for column in columns:
        if (value := getattr(message, column)) is not None:  # an absent key is NULL
            row[column] = value
    if change.kind:
        of_room = by_room.setdefault(message.room_id, [])
        of_room.append(change)
        row |= {
            "room_id": message.room_id,
            "nth": len(of_room),
            "appears": change.kind is ChangeKind.PUBLISHED,
        }
    elif change.locks_room:
        row["room_id"] = message.room_id
    return row


@cache
def _statement(columns: tuple[str, ...]) -> str:
    """Return the statement that stores these columns; it contains no value."""
    kinds = _PLACE | {column: _COLUMNS[column] for column in columns}
    assignments = "".join(f", {column} = changed.{column}" for column in columns)
    # FOR NO KEY UPDATE does not conflict with the key share locks of inserted messages. LATERAL
    # locks one room after the other, in order. LATERAL and ANY also prevent a sequential scan in a
    # plan that was made while the tables were small (ADR 0028).
    return f"""
        WITH changed AS MATERIALIZED (
            SELECT * FROM {recordset("changed", kinds)}
        ), asked AS (
            SELECT room_id, max(nth) AS numbers, bool_or(appears) AS active
              FROM changed WHERE room_id IS NOT NULL
             GROUP BY room_id ORDER BY room_id
        ), held AS MATERIALIZED (
            SELECT room.*, numbers, active FROM asked, LATERAL (
                SELECT id, deleted_at IS NOT NULL AS is_deleted
                  FROM chat_room WHERE id = asked.room_id FOR NO KEY UPDATE) room
        ), taken AS (
            UPDATE chat_room
               SET seq = seq + numbers,
                   last_activity_at = CASE WHEN active THEN statement_timestamp()
                                           ELSE last_activity_at END
              FROM held
             WHERE chat_room.id = held.id AND numbers > 0
               AND chat_room.id = ANY (ARRAY(SELECT id FROM held))
            RETURNING chat_room.id, seq - numbers AS before, acl_version
        ), stored AS (
            UPDATE chat_message
               SET seq = coalesce(before + nth, chat_message.seq),
                   position = CASE WHEN appears THEN before + nth ELSE chat_message.position END,
                   published_at = CASE WHEN appears THEN statement_timestamp()
                                       ELSE chat_message.published_at END
                   {assignments}
              FROM changed LEFT JOIN taken ON taken.id = changed.room_id
             WHERE chat_message.id = changed.id
               AND chat_message.id = ANY (ARRAY(SELECT id FROM changed))
        )
        SELECT statement_timestamp(), ARRAY(SELECT id FROM held WHERE is_deleted), taken.*
          FROM (VALUES (1)) AS once LEFT JOIN taken ON true
    """  # noqa: S608


def _numbered(
    at: datetime, changes: list[Changed], room_id: UUID, before: int, acl_version: int
) -> RoomChange:
    numbered = []
    for seq, change in enumerate(changes, start=before + 1):
        assert change.kind
        change.message.seq = seq
        if change.kind is ChangeKind.PUBLISHED:
            change.message.position, change.message.published_at = seq, at
        numbered.append(change_of(change.message, change.kind))
    return RoomChange(room_id=room_id, acl_version=acl_version, changes=tuple(numbered))
