"""Messages of a room as one reader may see them: history and unread counts."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from moderado.chat.errors import NoSuchMessage
from moderado.chat.models import Message
from moderado.chat.selectors.authors import with_authors
from moderado.chat.selectors.rooms import get_room
from moderado.chat.types import Fold
from moderado.core.database import run_prepared

Status = Message.Status

UNREAD_LIMIT = 100  # shown as "99+"

# Messages that only their author sees.
OWN_UNSEEN = (Status.PENDING, Status.HELD, Status.REJECTED)

# Each count reads at most UNREAD_LIMIT entries of the index `message_visible`.
_UNREAD = """
SELECT membership.room_id, (
    SELECT count(*) FROM (
        SELECT 1 FROM chat_message AS message
        WHERE message.room_id = membership.room_id AND message.status = 'APPROVED'
            AND message.position > membership.read_seq AND message.author_id <> membership.user_id
        ORDER BY message.position LIMIT %(limit)s
    ) AS unread
)
FROM chat_membership AS membership
WHERE membership.user_id = %(user)s AND membership.room_id = ANY(%(rooms)s)
"""


# Runs of one sweep between two messages of the page: gaps and islands. The index `message_swept`
# has no entry for a message that was removed alone.
_FOLDS = """
    WITH swept AS (
        SELECT sweep_id, position, seq, width_bucket(position, %(shown)s::bigint[]) AS gap
          FROM chat_message
         WHERE room_id = %(room)s AND sweep_id IS NOT NULL
           AND position > %(after)s AND position < %(before)s
           AND seq > 0 AND status <> 'APPROVED'
           AND (status = 'REMOVED' OR author_id <> %(reader)s)
    ), numbered AS (
        SELECT *, row_number() OVER (ORDER BY position)
                  - row_number() OVER (PARTITION BY sweep_id, gap ORDER BY position) AS run
          FROM swept
    )
    SELECT sweep_id, count(*), min(position), max(position), max(seq)
      FROM numbered GROUP BY sweep_id, gap, run ORDER BY max(position) DESC
"""
_LAST = 2**63 - 1


def history(*, reader_id: UUID, room_id: UUID) -> QuerySet[Message]:
    """Return the visible messages of a room and all of the reader's own, newest first.

    Removed messages are absent.

    Raises:
        NoSuchRoom: There is no such room, or the reader may not read it.
    """
    room = get_room(room_id=room_id, reader_id=reader_id)
    seen = Q(status=Status.APPROVED) | Q(author=reader_id, status__in=OWN_UNSEEN)
    messages = with_authors(Message.objects.filter(seen, room=room), room_id=room.id)
    return messages.order_by("-position", "-id")


def folds(
    *,
    reader_id: UUID,
    room_id: UUID,
    shown: Sequence[int],
    after: int | None,
    before: int | None,
) -> list[Fold]:
    """Return a line for each run of removed messages of one sweep within a page of the history.

    The caller has checked that the reader may read the room.

    Args:
        reader_id: The reader, who sees their own refused messages.
        room_id: The room.
        shown: The positions of the messages on the page: they divide runs.
        after: The page begins after this position; None: with the first message.
        before: The page ends before this position; None: with the newest message.

    Returns:
        The lines, newest first.
    """
    values: dict[str, Any] = {
        "reader": reader_id,
        "room": room_id,
        "shown": sorted(set(shown)) or [0],
        "after": -1 if after is None else after,
        "before": _LAST if before is None else before,
    }
    return [
        Fold(
            sweep=sweep_id,
            count=count,
            first_position=first,
            last_position=last,
            last_seq=last_seq,
        )
        for sweep_id, count, first, last, last_seq in run_prepared(_FOLDS, values)
    ]


def place_of(*, reader_id: UUID, room_id: UUID, message_id: UUID) -> Message:
    """Return a message whose place in the history of the room the reader may know.

    It need not be in the history any more: a removed message keeps its place.

    Raises:
        NoSuchRoom: There is no such room, or the reader may not read it.
        NoSuchMessage: There is no such message there, or only others may see it.
    """
    room = get_room(room_id=room_id, reader_id=reader_id)
    known = Q(status=Status.APPROVED) | Q(author=reader_id) | Q(seq__gt=0)
    message = Message.objects.filter(known, room=room, pk=message_id).first()
    if message is None:
        raise NoSuchMessage
    return message


def unread_counts(*, user_id: UUID, room_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Count the visible messages of others after the user's read marker, for each room.

    Returns:
        At most 100 a room, which stands for "more than 99"; 0 for a room in which the user is no
        member and so has no marker.
    """
    counts = dict.fromkeys(room_ids, 0)
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, {"user": user_id, "rooms": list(counts), "limit": UNREAD_LIMIT})
        counts.update(cursor.fetchall())
    return counts
