"""The newest state of rooms and their changes, for the hub, the sync and the change feed.

The caller checks with `selectors.rooms` that the reader may read the room. These functions only
hide private content from readers other than its author.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from moderado.chat.errors import NoSuchRoom
from moderado.chat.events import AuthorNotified, Change, ChangeKind, Notice
from moderado.chat.models import Message, Room
from moderado.chat.projection import change_of, is_removed_by_moderator, own_view, view_for
from moderado.chat.selectors.authors import with_authors
from moderado.chat.selectors.rooms import refusal_view
from moderado.chat.types import Changes, Head, MessageView

PAGE = 500

# A loose index scan: one step for each room with waiting messages, however many they are.
# https://wiki.postgresql.org/wiki/Loose_indexscan
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
    """Return the head of each room by id. Rooms that do not exist are absent."""
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
    """Return the current state of the messages that changed after `after`, tombstones included.

    Args:
        reader_id: The account that reads. The caller has checked that it may.
        room_id: The room.
        after: The last `seq` that the reader has.
        epoch: The room's epoch as the reader knows it, or None to skip the comparison.
        language: The language of explanations for the author.
        limit: The maximum number of messages in the page.

    Returns:
        A page ascending by `seq`. Its `reset` is true when the epoch differs or `after` is beyond
        the room's `seq`: the reader must reload.

    Raises:
        NoSuchRoom: There is no such room.
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
    """Return the public changes after `after`, one for each changed message, ascending by `seq`.

    A message changed twice appears once, in its current state. Its `seq` may be
    greater than the last one that was missed.
    """
    return [
        change_of(message, _kind(message, after)) for message in _changed(room_id, after)[:limit]
    ]


def own_messages(
    *, author_id: UUID, room_id: UUID, client_ids: Collection[str], language: str
) -> dict[str, MessageView]:
    """Return the author's messages by `client_id`. Those never stored are absent."""
    storable = [client_id for client_id in client_ids if "\x00" not in client_id]
    found = with_authors(
        Message.objects.filter(room_id=room_id, author_id=author_id, client_id__in=storable),
        room_id=room_id,
    )
    return {str(message.client_id): own_view(message, language=language) for message in found}


def settled(message_ids: Collection[UUID]) -> list[AuthorNotified]:
    """Return an author notice for each message that no longer waits to be judged.

    It replaces a notice that was lost between processes.
    """
    return [_notified(message) for message in _judged(message_ids)]


def ruled(message_ids: Collection[UUID]) -> list[AuthorNotified]:
    """Return an author notice for each of the messages that is no longer held."""
    is_held = Q(status=Message.Status.HELD) | Q(edit_status=Message.Status.HELD)
    return [_notified(message) for message in _judged(message_ids).exclude(is_held)]


def _judged(message_ids: Collection[UUID]) -> QuerySet[Message]:
    return with_authors(Message.objects.filter(pk__in=message_ids, queued_at__isnull=True))


def oldest_waiting_seconds() -> float:
    """Return how many seconds the oldest unjudged message has waited; 0 when none waits."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WAITING)
        return float(cursor.fetchone()[0])


def _changed(room_id: UUID, after: int) -> QuerySet[Message]:
    return with_authors(
        Message.objects.filter(room_id=room_id, seq__gt=max(after, 0)), room_id=room_id
    ).order_by("seq")


def _kind(message: Message, after: int) -> ChangeKind:
    if message.status != Message.Status.APPROVED:
        return ChangeKind.REMOVED
    return ChangeKind.PUBLISHED if message.position > after else ChangeKind.UPDATED


def _notified(message: Message) -> AuthorNotified:
    notice = _notice(message)
    is_refused = notice in {Notice.HELD, Notice.REJECTED}
    return AuthorNotified(
        room_id=message.room_id,
        author_id=message.author_id,
        notice=notice,
        view=refusal_view(message)
        if is_refused
        else own_view(message, language=message.author.language),
    )


def _notice(message: Message) -> Notice:
    refused: dict[str, Notice] = {
        Message.Status.REJECTED: Notice.REJECTED,
        Message.Status.HELD: Notice.HELD,
    }
    if message.status == Message.Status.REMOVED:
        return Notice.REJECTED if is_removed_by_moderator(message) else Notice.REMOVED
    if notice := refused.get(message.edit_status or message.status):
        return notice
    return Notice.UPDATED if message.edited_at else Notice.PUBLISHED
