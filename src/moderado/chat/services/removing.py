"""Deleting a message: its row stays as a tombstone without text."""

from uuid import UUID

from django.db import transaction

from moderado.chat.errors import NoSuchMessage, NotTheAuthor
from moderado.chat.models import Message
from moderado.chat.projection import own_view, public_view
from moderado.chat.selectors import rooms
from moderado.chat.selectors.own_messages import author_view, own_message
from moderado.chat.services import quota
from moderado.chat.services.locking import locked_message
from moderado.chat.services.notices import announce, notify_removed
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.transitions import advance
from moderado.chat.states import Deleted
from moderado.chat.types import MESSAGE, MessageView
from moderado.core.database import retry_on_deadlock, run_prepared
from moderado.enforcement.errors import Banned
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.person_changes import record_changes
from moderado.enforcement.services.purged_messages import keep_removed
from moderado.enforcement.types import OwnThing
from moderado.moderation.help_lines import recategorized
from moderado.moderation.types import Category, Reason

_IS_REMOVED = "SELECT id FROM chat_message WHERE id = %(message)s AND status = 'REMOVED'"


def delete_message(
    *,
    actor_id: UUID,
    message_id: UUID,
    room_id: UUID | None = None,
    category: Category | None = None,
) -> MessageView:
    """Delete a message. A repeat returns the tombstone, whatever has changed since.

    Args:
        actor_id: The author, or a moderator of the room if the message is visible.
        message_id: The message.
        room_id: The room in which the message must be, or None for any room.
        category: What a moderator finds the message to be: its author reads it. Of an own message
            it has no meaning.

    Returns:
        The tombstone, as the actor may see it.

    Raises:
        NoSuchMessage: It does not exist there, or the actor may not see it.
        NotTheAuthor: The actor sees it, may not delete it, and it is not deleted.
        Banned: The actor is banned from the room.
        RateLimited: The actor has used up the quota.
    """
    # Before the quota: a repeat costs none.
    if not run_prepared(_IS_REMOVED, {"message": message_id}):
        quota.spend_deletion_quota(user_id=actor_id)
    return _delete(actor_id, message_id, room_id, category)


@retry_on_deadlock
def _delete(
    actor_id: UUID, message_id: UUID, room_id: UUID | None, category: Category | None
) -> MessageView:
    with transaction.atomic():
        try:
            message, _ = locked_message(actor_id=actor_id, message_id=message_id, room_id=room_id)
        except (NoSuchMessage, Banned):
            if (repeat := _repeat(actor_id, message_id, room_id)) is not None:
                return repeat
            raise
        if (
            message.author_id != actor_id
            and message.status != Message.Status.REMOVED
            and not rooms.is_moderator(room_id=message.room_id, user_id=actor_id)
        ):
            raise NotTheAuthor
        step = advance(message, Deleted())
        if step.is_applied:
            by_moderator = message.author_id != actor_id
            if by_moderator:
                message.reason = Reason.REMOVED
                message.categories = recategorized(message.categories, category or "")
            write([Changed(message, step.change)])
            announce(message, step)
            if by_moderator:
                notify_removed(message)
                record_changes([(message.author_id, OwnThing.DECISION, message.id)])
                write_line(
                    actor_id=actor_id,
                    action="message_deleted",
                    subject_type=MESSAGE,
                    subject_id=message.id,
                    room=str(message.room_id),
                    category=category or "",
                )
        elif message.author_id == actor_id and message.reason == Reason.REMOVED:
            keep_removed(message_id=message.pk)
        if message.author_id == actor_id:
            return own_view(message, language=message.author.language)
        return public_view(message)


def _repeat(actor_id: UUID, message_id: UUID, room_id: UUID | None) -> MessageView | None:
    """Return the tombstone of the actor's own message in a room that they may not read now."""
    found = own_message(message_id=message_id, author_id=actor_id)
    if found is None or room_id not in {None, found[0].room_id}:
        return None
    message, is_reader = found
    if message.status != Message.Status.REMOVED:
        return None
    # A reversal of the purge that removed it may be bringing it back.
    removed = Message.objects.filter(pk=message_id, status=Message.Status.REMOVED)
    if removed.select_for_update(no_key=True).first() is None:
        return None
    if message.reason == Reason.REMOVED:
        keep_removed(message_id=message_id)
    return author_view(message, is_reader=is_reader)
