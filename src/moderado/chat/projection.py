"""Views of a message: what one reader may see of it.

Every entry point shows messages through this module, so the rules of visibility stand here alone.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import translation
from msgspec import UNSET, UnsetType

from moderado.chat.events import Change, ChangeKind
from moderado.chat.models import Message, Room
from moderado.chat.states import Decision
from moderado.chat.types import (
    Author,
    Draft,
    LastMessage,
    MessageView,
    NameChange,
    NewMessage,
    RoomMeasures,
    SlowModeView,
)
from moderado.core import clock
from moderado.enforcement.statements import why_message_is_hidden, why_name_is_hidden
from moderado.moderation.help_lines import help_lines, without_mark
from moderado.moderation.types import Reason

Status = Message.Status


def view_for(message: Message, *, reader_id: UUID, language: str) -> MessageView:
    """Return the view of `message` for one reader. Its `author` must be loaded.

    Raises:
        ValueError: The reader is not the author, and the message was never public.
    """
    if message.author_id == reader_id:
        return own_view(message, language=language)
    return public_view(message)


def public_view(message: Message) -> MessageView:
    """Return what every reader may see: the visible revision, or a tombstone without content.

    Raises:
        ValueError: The message was never public.
    """
    if message.status == Status.APPROVED:
        return _view(message, content=message.text, status=Status.APPROVED)
    if message.seq:
        return _swept(_view(message, content="", status=Status.REMOVED), message)
    raise ValueError("a message that was never public has no public view")


def measures_of(room: Room) -> RoomMeasures:
    """Return the measures on a room that are not over, as every reader may see them."""
    now = clock.estimated()
    slow, newcomers = _lasting(room.slow_mode_until, now), _lasting(room.newcomers_wait_until, now)
    return RoomMeasures(
        frozen_until=_lasting(room.frozen_until, now),
        newcomers_wait_until=newcomers,
        newcomers_after=room.newcomers_after if newcomers else None,
        slow_mode=SlowModeView(room.slow_mode_seconds or 0, slow) if slow else None,
    )


def _lasting(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and until > now else None


def change_of(message: Message, kind: ChangeKind) -> Change:
    """Return the last public change of a message, as its room sees it."""
    return Change(
        kind=kind, seq=message.seq, view=public_view(message), client_id=message.client_id
    )


def own_view(message: Message, *, language: str) -> MessageView:
    """Return what the author may see: also a pending or refused revision, and why it is not shown.

    Args:
        message: The message, with its `author` loaded.
        language: The language of the explanation, such as `pt-br`.
    """
    removed = message.status == Status.REMOVED
    shown = _view(
        message,
        content="" if removed else message.text,
        status=message.status,
        client_id=message.client_id,
    )
    if removed:
        shown = _swept(shown, message)
    with translation.override(language):
        if message.status in {Status.REJECTED, Status.HELD} or is_removed_by_moderator(message):
            shown = _explained(shown, message)
        if message.edit_status and not removed:
            shown = _replace(shown, edit=_draft(message))
    return shown


def is_removed_by_moderator(message: Message) -> bool:
    """Tell whether a moderator removed the message. The author learns why."""
    return message.status == Status.REMOVED and message.reason == Reason.REMOVED


def last_message_view(message: Message, *, length: int) -> LastMessage:
    """Return the beginning of a visible message for a list of rooms. Its `author` must be loaded.

    Args:
        message: The message. Its status is APPROVED.
        length: The maximum number of characters of the text.
    """
    view = public_view(message)
    return LastMessage(
        id=view.id,
        author=view.author,
        content=view.content[:length],
        published_at=view.published_at,
    )


def with_reason(view: MessageView, why: Decision, *, language: str) -> MessageView:
    """Return the view with the reason why another revision than those in it was refused."""
    with translation.override(language):
        return _replace(
            view,
            **_decision(Status.REJECTED, why.reason, [*why.categories]),
        )


def view_from_outside(message: Message, *, language: str) -> MessageView:
    """Return what the author may see of a message in a room that they may not read.

    It is their own text and its state. `seq` and `position` are 0: they count what others did.
    """
    return _replace(own_view(message, language=language), seq=0, position=0)


def waiting_view(
    new: NewMessage, *, created_at: datetime, position: int, author: Author
) -> MessageView:
    """Return the author's view of a message that was just stored as PENDING."""
    return MessageView(
        id=new.id,
        room=new.room_id,
        client_id=new.client_id,
        author=author,
        content=new.text,
        status=str(Status.PENDING),
        revision=1,
        position=position,
        seq=0,
        reply_to=None,
        created_at=created_at,
        edited_at=None,
        published_at=None,
    )


def name_change(
    *, name: str, revision: int, status: str, reason: str, categories: list[str], language: str
) -> NameChange:
    """Return a name that waits or was refused, with the reason for its author.

    Args:
        name: The proposed name.
        revision: Its number.
        status: PENDING, HELD or REJECTED.
        reason: A code of `moderation.types.Reason`, or empty.
        categories: What was found.
        language: The language of the explanation.
    """
    refused = status != Status.PENDING
    with translation.override(language):
        explanation = why_name_is_hidden(status, reason, categories) if refused else None
    return NameChange(
        name=name,
        revision=revision,
        status=status,
        reason=reason or None,
        categories=tuple(categories),
        explanation=explanation,
        appealable=False,  # a new name can be proposed at any time
    )


def _view(
    message: Message, *, content: str, status: str, client_id: str | UnsetType | None = UNSET
) -> MessageView:
    return MessageView(
        id=message.id,
        room=message.room_id,
        client_id=client_id,
        author=Author(message.author_id, message.author.name, message.author_role),
        content=content,
        status=str(status),
        revision=message.revision,
        position=message.position,
        seq=message.seq,
        reply_to=message.reply_to_id,
        created_at=message.created_at,
        edited_at=message.edited_at,
        published_at=message.published_at,
    )


def _swept(tombstone: MessageView, message: Message) -> MessageView:
    return tombstone if message.sweep_id is None else _replace(tombstone, sweep=message.sweep_id)


def _explained(view: MessageView, message: Message) -> MessageView:
    return _replace(
        view,
        **_decision(message.status, message.reason, message.categories),
    )


def _decision(status: str, reason: str, categories: list[str]) -> dict[str, Any]:
    """Return the fields that tell the author why a text is not shown, and where to find help."""
    return {
        "reason": reason,
        "categories": without_mark(categories),
        "explanation": why_message_is_hidden(status, reason, categories),
        # After the message or its room has ended, no decision could show it again.
        "appealable": status != Status.REMOVED and reason != Reason.ROOM_DELETED,
        "resources": help_lines(categories, translation.get_language() or "") or UNSET,
    }


def _draft(message: Message) -> Draft:
    status = str(message.edit_status)
    refused = status in {Status.REJECTED, Status.HELD}
    return Draft(
        revision=message.edit_revision or 0,
        content=message.edit_text or "",
        status=status,
        **(_decision(status, message.edit_reason, message.edit_categories) if refused else {}),
    )


def _replace(view: MessageView, **fields: object) -> MessageView:
    return MessageView(**{name: getattr(view, name) for name in view.__struct_fields__} | fields)
