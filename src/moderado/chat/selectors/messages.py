"""What was said in a room, as far as the one who asks may see it."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from moderado.chat.models import Message
from moderado.chat.selectors.authors import authors
from moderado.chat.selectors.rooms import get_room

Status = Message.Status

UNREAD_LIMIT = 100  # shown as "99+"

# What of their own work its authors see, and nobody else.
OWN_UNSEEN = (Status.PENDING, Status.HELD, Status.REJECTED)

# Each count is a walk of the index `message_visible` that ends after UNREAD_LIMIT entries.
_UNREAD = """
SELECT place.room_id, (
    SELECT count(*) FROM (
        SELECT 1 FROM chat_message AS message
        WHERE message.room_id = place.room_id AND message.status = 'APPROVED'
            AND message.position > place.read_seq AND message.author_id <> place.user_id
        ORDER BY message.position LIMIT %(limit)s
    ) AS unread
)
FROM chat_membership AS place
WHERE place.user_id = %(user)s AND place.room_id = ANY(%(rooms)s)
"""


def history(*, reader_id: UUID, room_id: UUID) -> QuerySet[Message]:
    """The visible messages of a room and, of the reader's own, also the invisible; newest first.

    What was removed is in nobody's. Raises NoSuchRoom.
    """
    room = get_room(room_id=room_id, reader_id=reader_id)
    seen = Q(status=Status.APPROVED) | Q(author=reader_id, status__in=OWN_UNSEEN)
    messages = Message.objects.filter(seen, room=room).prefetch_related(authors())
    return messages.order_by("-position", "-id")


def unread_counts(*, user_id: UUID, room_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Others' visible messages behind the reader's marker: 100 stands for "more than 99".

    A room in which `user_id` has no place, and so no marker, counts 0.
    """
    counts = dict.fromkeys(room_ids, 0)
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, {"user": user_id, "rooms": list(counts), "limit": UNREAD_LIMIT})
        counts.update(cursor.fetchall())
    return counts
