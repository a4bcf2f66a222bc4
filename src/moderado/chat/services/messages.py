"""Posting a message to a room."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.chat.errors import Conflict, NoSuchMessage
from moderado.chat.events import ChangeKind
from moderado.chat.models import Message, Room
from moderado.chat.projection import own_view
from moderado.chat.selectors import rooms
from moderado.chat.services.memberships import ensure_member
from moderado.chat.services.notices import notify_queued
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.verdicts import content_of
from moderado.chat.types import MessageView
from moderado.core import failpoints
from moderado.core.database import again_after_collision
from moderado.core.errors import Invalid
from moderado.core.ids import new_id
from moderado.core.text import clean
from moderado.moderation.services.screening import record_unjudged

Status = Message.Status

# The position is read in the statement that stores: the room's seq of that moment. Since when it
# waits is said by the database, whose clock the workers go by.
_INSERT = """
    INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
        revision, status, reason, categories, position, seq, reply_to_id, published_at,
        edit_reason, edit_categories, queued_at, fence, attempts)
    SELECT %(id)s, %(now)s, id, %(author)s, %(client_id)s, %(hash)s, %(text)s,
        1, %(status)s, '', '{}', seq, 0, %(reply_to)s, %(published_at)s,
        '', '{}', CASE WHEN %(waits)s THEN statement_timestamp() END, 0, 0
      FROM chat_room WHERE id = %(room)s
    ON CONFLICT (room_id, author_id, client_id) DO NOTHING
    RETURNING position, queued_at
"""


@dataclass(frozen=True, slots=True)
class SendResult:
    """`created` is false when this client_id had been stored before: nothing was done then."""

    view: MessageView
    created: bool


@again_after_collision
def post_message(
    *,
    author_id: UUID,
    room_id: UUID,
    text: str,
    client_id: str | None = None,
    reply_to: UUID | None = None,
) -> SendResult:
    """Store a message; what the room's mode shows only after approval waits as PENDING.

    The same `client_id` (1 to 64 characters) again yields the first message, for ever. In a
    public room the first message joins its author. Raises NoSuchRoom, NoSuchMessage (`reply_to`),
    Invalid, and Conflict when the client_id was used for another text.
    """
    cleaned = clean(text, max_length=settings.ENV.message_max_length, field="message")
    checked_client_id(client_id)
    with transaction.atomic():
        room = rooms.get_room(room_id=room_id, reader_id=author_id)
        author = User.objects.get(pk=author_id)
        ensure_member(user_id=author_id, room_id=room_id)
        if reply_to is not None:
            _check_reply(room_id=room_id, author_id=author_id, reply_to=reply_to)
        message = _draft(room, author, cleaned, client_id, reply_to)
        if _insert(message, waits=room.moderation_mode != Room.Mode.OFF):
            posted = SendResult(_publish_posted(message, room), created=True)
        else:
            posted = SendResult(_stored_before(message), created=False)
        failpoints.reach("send.before_commit")
    failpoints.reach("send.after_commit_before_ack")
    return posted


def hash_of(text: str) -> bytes:
    """16 bytes by which a repeated client_id is known to bear the same words."""
    return blake2b(text.encode(), digest_size=16).digest()


def checked_client_id(client_id: str | None) -> str | None:
    """`client_id`, if it can be one. Raises Invalid."""
    if client_id is not None:
        cleaned = clean(client_id, max_length=64, field="client_id")
        if cleaned != client_id:
            raise Invalid(fields={"client_id": _("Use 1 to 64 characters without spaces around.")})
    return client_id


def _check_reply(*, room_id: UUID, author_id: UUID, reply_to: UUID) -> None:
    seen = Q(status=Status.APPROVED) | (Q(author_id=author_id) & ~Q(status=Status.REMOVED))
    if not Message.objects.filter(seen, pk=reply_to, room_id=room_id).exists():
        raise NoSuchMessage


def _draft(
    room: Room, author: User, text: str, client_id: str | None, reply_to: UUID | None
) -> Message:
    now = timezone.now()
    shown = room.moderation_mode != Room.Mode.PRE
    return Message(
        id=new_id(),
        created_at=now,
        room_id=room.id,
        author=author,
        client_id=client_id,
        first_hash=hash_of(text),
        text=text,
        status=Status.APPROVED if shown else Status.PENDING,
        reply_to_id=reply_to,
        published_at=now if shown else None,
    )


def _insert(message: Message, *, waits: bool) -> bool:
    """Store `message`, set what the database says of it; false when its client_id is taken."""
    values: dict[str, Any] = {
        "id": message.id,
        "now": message.created_at,
        "room": message.room_id,
        "author": message.author_id,
        "client_id": message.client_id,
        "hash": message.first_hash,
        "text": message.text,
        "status": str(message.status),
        "reply_to": message.reply_to_id,
        "published_at": message.published_at,
        "waits": waits,
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        row = cursor.fetchone()
    if row is None:
        return False
    message.position, message.queued_at = row
    return True


def _stored_before(repeated: Message) -> MessageView:
    first = Message.objects.select_related("author").get(
        room_id=repeated.room_id, author_id=repeated.author_id, client_id=repeated.client_id
    )
    if bytes(first.first_hash) != repeated.first_hash:
        raise Conflict
    return own_view(first, language=first.author.language)


def _publish_posted(message: Message, room: Room) -> MessageView:
    if message.status == Status.APPROVED:
        write([Changed(message, ChangeKind.PUBLISHED)], ())
    if room.moderation_mode == Room.Mode.OFF:
        record_unjudged(content_of(message))
    return notify_queued(message)
