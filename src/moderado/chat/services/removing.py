"""Deleting a message: its row stays as a tombstone without text."""

from uuid import UUID

from django.db import transaction

from moderado.chat.errors import NotTheAuthor
from moderado.chat.events import ChangeKind, Notice
from moderado.chat.models import Message
from moderado.chat.projection import own_view, public_view
from moderado.chat.selectors import rooms
from moderado.chat.services import revisions
from moderado.chat.services.locking import locked_message
from moderado.chat.services.notices import notify_author
from moderado.chat.services.publication import Changed, write
from moderado.chat.types import MessageView
from moderado.core.database import again_after_collision

Status = Message.Status


@again_after_collision
def delete_message(*, actor_id: UUID, message_id: UUID, room_id: UUID | None = None) -> MessageView:
    """Leave a tombstone: by the author at any time, by the room's moderators when it is visible.

    Deleting twice changes nothing. Raises NoSuchMessage, NotTheAuthor.
    """
    with transaction.atomic():
        message = locked_message(actor_id=actor_id, message_id=message_id, room_id=room_id)
        if message.author_id != actor_id and not rooms.is_moderator(
            room_id=message.room_id, user_id=actor_id
        ):
            raise NotTheAuthor
        if message.status != Status.REMOVED:
            _remove(message)
        if message.author_id == actor_id:
            return own_view(message, language=message.author.language)
        return public_view(message)


def _remove(message: Message) -> None:
    visible = message.status == Status.APPROVED
    message.status, message.queued_at, message.lease_until = Status.REMOVED, None, None
    revisions.set_edit_aside(message)
    write([Changed(message, ChangeKind.REMOVED if visible else None)])
    if not visible:
        notify_author(message, Notice.REMOVED)
