"""Editing a message: a new revision, which is judged like a new message."""

from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from moderado.accounts.services.client_keys import first_result, is_known
from moderado.chat.errors import MessageGone, NoSuchMessage, NoSuchRoom, NotTheAuthor
from moderado.chat.models import Message
from moderado.chat.projection import own_view
from moderado.chat.selectors import rooms
from moderado.chat.selectors.own_messages import author_view, own_message
from moderado.chat.selectors.refusals import check_may_write
from moderado.chat.services import quota
from moderado.chat.services.locking import locked_message
from moderado.chat.services.modes import Writing, mode_for
from moderado.chat.services.notices import announce
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.transitions import advance, newest_text
from moderado.chat.services.verdicts import content_of
from moderado.chat.states import Edited
from moderado.chat.types import MessageView
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.text import clean, normalized
from moderado.enforcement.selectors.restrictions import check_not_banned
from moderado.moderation.services.recording import record_unjudged

Status = Message.Status


def edit_message(
    *,
    actor_id: UUID,
    message_id: UUID,
    text: str,
    room_id: UUID | None = None,
    client_id: str | None = None,
) -> MessageView:
    """Replace the text of a message; the new text is judged.

    A visible message stays as it is until the edit is allowed (mode `pre`). A repeat of the newest
    edit, or of any one with the same `client_id`, returns the message as it is now, whatever has
    changed since, and has no effect.

    Args:
        actor_id: The account that edits: only the author may.
        message_id: The message.
        text: 1 to `MESSAGE_MAX_LENGTH` characters after trimming.
        room_id: The room in which the message must be, or None for any room. The edit counts
            against the quota of the author and of this room, if one is named.
        client_id: The actor's own id of this edit of the message, for repeats.

    Returns:
        The author's view of the message.

    Raises:
        NoSuchRoom: `room_id` does not exist, or the actor may not read it.
        NoSuchMessage: The message does not exist there, or the actor may not see it.
        NotTheAuthor: The actor is not its author.
        MessageGone: The message has been removed.
        Restricted: A sanction or a measure on the room does not allow the actor to write now.
        RateLimited: The author or the room has used up its quota.
        Invalid: `text` cannot be stored.
        Conflict: `client_id` was used for another text of this message.
    """
    sent = _Sent(actor_id, message_id, client_id, normalized(text))
    if (repeat := _repeat(sent, room_id)) is not None:
        return repeat
    quota.spend_message_quota(user_id=actor_id, room_id=room_id or message_id)
    cleaned = clean(text, max_length=settings.ENV.message_max_length, field="message")
    return _edit(sent, text=cleaned, room_id=room_id)


class _Sent(NamedTuple):
    """An edit as its author asks for it."""

    actor_id: UUID
    message_id: UUID
    client_id: str | None
    text: str

    @property
    def key(self) -> dict[str, Any]:
        """The permanent identifier of the edit."""
        name = None if self.client_id is None else f"{self.message_id}/{self.client_id}"
        return {"owner_id": self.actor_id, "kind": "edit", "client_id": name}

    def record(self) -> bool:
        """Record the edit; return whether it was recorded before. Requires a transaction.

        Raises:
            Conflict: The `client_id` was used for another text.
        """
        require_transaction()
        first = first_result(**self.key, content=self.text, result_id=self.message_id)
        return first is not None


def _repeat(sent: _Sent, room_id: UUID | None) -> MessageView | None:
    """Return the author's view if the edit was made before, or the message has this text already.

    Before the quota: a repeat costs none, and an account that may not read the room must not use
    up the room's quota.
    """
    actor_id = sent.actor_id
    found = own_message(message_id=sent.message_id, author_id=actor_id)
    if found is not None and room_id in {None, found[0].room_id}:
        message, is_reader = found
        if is_known(**sent.key) or sent.text == newest_text(message):
            if sent.client_id is not None:
                with transaction.atomic():
                    sent.record()
            return author_view(message, is_reader=is_reader)
        if not is_reader:
            check_not_banned(user_id=actor_id, scope_id=message.room_id)
            raise NoSuchMessage if room_id is None else NoSuchRoom
    elif room_id is not None:
        rooms.get_room(room_id=room_id, reader_id=actor_id)
    return None


@retry_on_deadlock
@transaction.atomic
def _edit(sent: _Sent, *, text: str, room_id: UUID | None) -> MessageView:
    actor_id = sent.actor_id
    message, mode = locked_message(actor_id=actor_id, message_id=sent.message_id, room_id=room_id)
    if message.author_id != actor_id:
        raise NotTheAuthor
    if not sent.record() and text != newest_text(message):
        if message.status == Status.REMOVED:
            raise MessageGone
        check_may_write(user_id=actor_id, room_id=message.room_id)
        _revise(message, mode, text)
    return own_view(message, language=message.author.language)


def _revise(message: Message, room_mode: str, text: str) -> None:
    writing = Writing(message.id, message.room_id, message.author_id, text)
    step = advance(message, Edited(mode_for(room_mode, writing)), text=text)
    if step.state.awaits is None:
        record_unjudged(content_of(message))
    write([Changed(message, step.change)])
    announce(message, step)
