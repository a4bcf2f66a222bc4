"""Notices to the author of a message, published when the transaction commits."""

from moderado.chat.events import AuthorNotified, ChangeKind, MessagesQueued, Notice
from moderado.chat.models import Message
from moderado.chat.projection import own_view, with_reason
from moderado.chat.selectors.rooms import refusal_view
from moderado.chat.states import NO_DECISION, Decision, Transition
from moderado.chat.types import MessageView
from moderado.core.events import publish


def announce(message: Message, step: Transition, why: Decision = NO_DECISION) -> None:
    """Notify the author of a transition, and the workers if a text must be judged because of it.

    Args:
        message: The message after the transition.
        step: The transition.
        why: The reason of a verdict or ruling.
    """
    if step.notice:
        is_refused = step.notice in {Notice.HELD, Notice.REJECTED}
        view = (
            refusal_view(message)
            if is_refused
            else own_view(message, language=message.author.language)
        )
        if step.refused and step.refused not in {message.revision, message.edit_revision}:
            # The refused revision has made room for another one: only the notice has its reason.
            view = with_reason(view, why, language=message.author.language)
        _notify(message, step.notice, view, step.refused)
    if step.requeues:
        publish(MessagesQueued(message_ids=(message.id,)))


def announce_shown(message: Message, step: Transition) -> None:
    """Notify the author of a transition in which a person shows a text, beside `announce`.

    Connections that do not subscribe to the room were notified that the text is hidden, and await
    nothing more of it. Those that subscribe get the change of the room alone.
    """
    if step.notice is None and step.change in {ChangeKind.PUBLISHED, ChangeKind.UPDATED}:
        notice = Notice.UPDATED if message.edited_at else Notice.PUBLISHED
        _notify(message, notice, own_view(message, language=message.author.language))


def notify_queued(message: Message) -> MessageView:
    """Notify the author that the text is stored, and the workers if it must be judged."""
    view = own_view(message, language=message.author.language)
    _notify(message, Notice.QUEUED, view)
    if message.queued_at is not None:
        publish(MessagesQueued(message_ids=(message.id,)))
    return view


def notify_removed(message: Message) -> None:
    """Tell the author that a moderator removed the message: the room's frame gives no reason."""
    _notify(message, Notice.REJECTED, refusal_view(message), message.revision)


def _notify(message: Message, notice: Notice, view: MessageView, revision: int = 0) -> None:
    publish(
        AuthorNotified(
            room_id=message.room_id,
            author_id=message.author_id,
            notice=notice,
            view=view,
            revision=revision,
        )
    )
