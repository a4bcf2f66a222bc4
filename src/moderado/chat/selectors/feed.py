"""Where rooms stand and what changed in them: what the hub, the sync and the change feed read.

None of these asks who reads: the caller has checked that with `selectors.rooms`.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from moderado.chat.errors import NoSuchRoom
from moderado.chat.events import AuthorNotified, Change, ChangeKind, Notice
from moderado.chat.models import Message, Room
from moderado.chat.projection import own_view, public_view, view_for
from moderado.chat.selectors.authors import authors
from moderado.chat.types import Changes, Head, MessageView

PAGE = 500

# A loose index scan: one step a room that has something waiting, whatever the backlog.
_OLDEST_WAITING = """
    WITH RECURSIVE waiting(room_id, queued_at) AS (
        (SELECT room_id, queued_at FROM chat_message WHERE queued_at IS NOT NULL
          ORDER BY room_id, queued_at, id LIMIT 1)
        UNION ALL
        SELECT following.* FROM waiting, LATERAL (
            SELECT room_id, queued_at FROM chat_message
             WHERE queued_at IS NOT NULL AND room_id > waiting.room_id
             ORDER BY room_id, queued_at, id LIMIT 1) following
    )
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(queued_at)), 0) FROM waiting
"""


def heads(room_ids: Collection[UUID]) -> dict[UUID, Head]:
    """Where each of these rooms stands, by id; a room that does not exist is absent."""
    rows = Room.objects.filter(pk__in=room_ids).values_list(
        "id", "seq", "epoch", "acl_version", "moderation_mode", "deleted_at"
    )
    return {
        room_id: Head(
            room=room_id,
            seq=seq,
            epoch=epoch,
            acl_version=acl_version,
            moderation_mode=mode,
            deleted=deleted_at is not None,
        )
        for room_id, seq, epoch, acl_version, mode, deleted_at in rows
    }


def changes(
    *,
    reader_id: UUID,
    room_id: UUID,
    after: int,
    epoch: UUID | None,
    language: str,
    limit: int = PAGE,
) -> Changes:
    """The present state of what changed after `after`, ascending by seq, tombstones included.

    `reset` when `epoch` is not the room's or `after` lies beyond its `seq`: reload. Raises
    NoSuchRoom.
    """
    head = heads([room_id]).get(room_id)
    if head is None:
        raise NoSuchRoom
    if (epoch is not None and epoch != head.epoch) or after > head.seq:
        return Changes(
            room=room_id, seq=head.seq, epoch=head.epoch, reset=True, more=False, messages=()
        )
    found = list(_changed(room_id, after).filter(seq__lte=head.seq)[: limit + 1])
    more, page = len(found) > limit, found[:limit]
    return Changes(
        room=room_id,
        seq=page[-1].seq if more else head.seq,
        epoch=head.epoch,
        reset=False,
        more=more,
        messages=tuple(
            view_for(message, reader_id=reader_id, language=language) for message in page
        ),
    )


def changes_after(*, room_id: UUID, after: int, limit: int = PAGE) -> list[Change]:
    """The public changes after `after`, ascending: one for each message changed, as it is now.

    The last one's seq is how far the room is repaired, which may be beyond what was missed.
    """
    return [
        Change(kind=_kind(message, after), seq=message.seq, view=public_view(message))
        for message in _changed(room_id, after)[:limit]
    ]


def own_messages(
    *, author_id: UUID, room_id: UUID, client_ids: Collection[str], language: str
) -> dict[str, MessageView]:
    """The author's messages by the ids they gave them; what was never stored is absent."""
    storable = [client_id for client_id in client_ids if "\x00" not in client_id]
    found = Message.objects.select_related("author").filter(
        room_id=room_id, author_id=author_id, client_id__in=storable
    )
    return {str(message.client_id): own_view(message, language=language) for message in found}


def settled(message_ids: Collection[UUID]) -> list[AuthorNotified]:
    """What became of those that no longer wait: for authors whom no event reached."""
    found = Message.objects.select_related("author").filter(
        pk__in=message_ids, queued_at__isnull=True
    )
    return [
        AuthorNotified(
            room_id=message.room_id,
            author_id=message.author_id,
            notice=_notice(message),
            view=own_view(message, language=message.author.language),
        )
        for message in found
    ]


def oldest_waiting_seconds() -> float:
    """How long the oldest unjudged message has waited, in seconds; 0 when none does."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WAITING)
        return float(cursor.fetchone()[0])


def _changed(room_id: UUID, after: int) -> QuerySet[Message]:
    return (
        Message.objects.prefetch_related(authors())
        .filter(room_id=room_id, seq__gt=max(after, 0))
        .order_by("seq")
    )


def _kind(message: Message, after: int) -> ChangeKind:
    if message.status != Message.Status.APPROVED:
        return ChangeKind.REMOVED
    return ChangeKind.PUBLISHED if message.position > after else ChangeKind.UPDATED


def _notice(message: Message) -> Notice:
    refused: dict[str, Notice] = {
        Message.Status.REJECTED: Notice.REJECTED,
        Message.Status.HELD: Notice.HELD,
    }
    if message.status == Message.Status.REMOVED:
        return Notice.REMOVED
    if notice := refused.get(message.edit_status or message.status):
        return notice
    return Notice.UPDATED if message.edited_at else Notice.PUBLISHED
