"""Notices to the author of a message, published when the transaction commits."""

from moderado.chat.events import AuthorNotified, MessagesQueued, Notice
from moderado.chat.models import Message
from moderado.chat.projection import own_view
from moderado.chat.states import Transition
from moderado.chat.types import MessageView
from moderado.core.events import publish


def notify_author(message: Message, notice: Notice) -> MessageView:
    """Notify the author's connections; return the author's view of the message."""
    view = own_view(message, language=message.author.language)
    publish(
        AuthorNotified(
            room_id=message.room_id, author_id=message.author_id, notice=notice, view=view
        )
    )
    return view


def announce(message: Message, step: Transition) -> None:
    """Notify the author of a transition, and the workers if a text must be judged because of it."""
    if step.notice:
        notify_author(message, step.notice)
    if step.requeues:
        publish(MessagesQueued(message_ids=(message.id,)))


def notify_queued(message: Message) -> MessageView:
    """Notify the author that the text is stored, and the workers if it must be judged."""
    view = notify_author(message, Notice.QUEUED)
    if message.queued_at is not None:
        publish(MessagesQueued(message_ids=(message.id,)))
    return view
