"""Making changes public: the room's next numbers, taken under its row lock, and the rows written.

Called inside a transaction, as its last step: rooms are locked late, briefly, and in id order.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from moderado.chat.events import Change, ChangeKind, RoomChange, RoomsChanged
from moderado.chat.models import Message
from moderado.chat.projection import public_view
from moderado.core.database import as_rows, ask, recordset
from moderado.core.events import publish

# FOR NO KEY UPDATE: it must not wait for, nor hold up, the key share locks of inserted messages.
_TAKE_NUMBERS = f"""
    WITH taken AS (
        SELECT * FROM {recordset("taken", {"room_id": "uuid", "numbers": "bigint"})}
    ), held AS MATERIALIZED (
        SELECT id FROM chat_room WHERE id IN (SELECT room_id FROM taken)
         ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE chat_room SET seq = seq + taken.numbers
      FROM held JOIN taken ON taken.room_id = held.id
     WHERE chat_room.id = held.id
    RETURNING chat_room.id, seq, acl_version
"""  # noqa: S608  (names of our own columns)

_COLUMNS: Mapping[str, str] = {
    "text": "text",
    "revision": "integer",
    "status": "text",
    "reason": "text",
    "categories": "text[]",
    "position": "bigint",
    "seq": "bigint",
    "edited_at": "timestamptz",
    "published_at": "timestamptz",
    "edit_text": "text",
    "edit_revision": "integer",
    "edit_status": "text",
    "edit_reason": "text",
    "edit_categories": "text[]",
    "queued_at": "timestamptz",
    "lease_until": "timestamptz",
    "attempts": "smallint",
}
SETTLED = ("status", "reason", "categories", "position", "seq", "published_at", "queued_at",
           "lease_until")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublicChange:
    """`message` as it shall be from now on, and what that means to the room."""

    message: Message
    kind: ChangeKind


def number(changes: Iterable[PublicChange]) -> None:
    """Give each change the next seq of its room, and its message a position on first publication.

    Sets `seq` and `position` on the messages, which the caller then stores, and publishes
    RoomsChanged.
    """
    by_room: dict[UUID, list[PublicChange]] = defaultdict(list)
    for change in changes:
        by_room[change.message.room_id].append(change)
    if not by_room:
        return
    numbers = [{"room_id": room_id, "numbers": len(by_room[room_id])} for room_id in by_room]
    taken = ask(_TAKE_NUMBERS, [as_rows(numbers)])
    rooms = [_numbered(room, last, acl, by_room[room]) for room, last, acl in taken]
    publish(RoomsChanged(rooms=tuple(rooms)))


def store(messages: Iterable[Message], columns: Iterable[str] = tuple(_COLUMNS)) -> None:
    """Write `columns` of many messages in one statement; their rows are locked by the caller."""
    rows = [{"id": message.id, **{c: getattr(message, c) for c in columns}} for message in messages]
    if not rows:
        return
    assignments = ", ".join(f"{column} = changed.{column}" for column in columns)
    changed = recordset("changed", {"id": "uuid", **{name: _COLUMNS[name] for name in columns}})
    ask(
        # Only names from the table above go into the statement.
        f"UPDATE chat_message SET {assignments} "  # noqa: S608
        f"FROM {changed} WHERE chat_message.id = changed.id",
        [as_rows(rows)],
    )


def _numbered(
    room_id: UUID, last: int, acl_version: int, changes: list[PublicChange]
) -> RoomChange:
    numbered = []
    for seq, change in enumerate(changes, start=last - len(changes) + 1):
        change.message.seq = seq
        if change.kind is ChangeKind.PUBLISHED:
            change.message.position = seq
        numbered.append(Change(kind=change.kind, seq=seq, view=public_view(change.message)))
    return RoomChange(room_id=room_id, acl_version=acl_version, changes=tuple(numbered))
