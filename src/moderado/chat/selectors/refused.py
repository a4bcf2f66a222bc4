"""The messages of an author that a machine held or refused, or that a moderator deleted."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from msgspec import UNSET

from moderado.chat.models import Message
from moderado.chat.projection import own_view
from moderado.chat.selectors.authors import with_authors
from moderado.chat.types import MESSAGE
from moderado.enforcement.selectors.refused_texts import RefusedText
from moderado.moderation.types import Reason

Status = Message.Status

_REFUSED = (Status.HELD, Status.REJECTED)
_BY_PEOPLE = (Reason.MODERATOR, Reason.REMOVED)


def refused_texts(
    *,
    author_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
    subject_id: UUID | None = None,
) -> list[RefusedText]:
    """Return what is kept from others of an author's messages, newest message first.

    By machines, or by moderators who deleted it in the room. Rulings and purges are found
    elsewhere.

    Args:
        author_id: The author.
        before: Time and id of the message after which the list goes on.
        limit: How many messages at most.
        subject_id: Only this message.
    """
    refused = Q(edit_status__in=_REFUSED) & ~Q(edit_reason__in=_BY_PEOPLE)
    refused |= Q(status__in=_REFUSED, edit_status=None) & ~Q(reason__in=_BY_PEOPLE)
    refused |= Q(status=Status.REMOVED, reason=Reason.REMOVED, sweep_id=None)
    messages = Message.objects.filter(refused, author=author_id)
    if subject_id is not None:
        messages = messages.filter(pk=subject_id)
    if before is not None:
        moment, last_id = before
        messages = messages.filter(Q(created_at__lt=moment) | Q(created_at=moment, id__lt=last_id))
    return [_text(each) for each in with_authors(messages).order_by("-created_at", "-id")[:limit]]


def _text(message: Message) -> RefusedText:
    view = own_view(message, language=message.author.language)
    about = view.edit or view
    return RefusedText(
        subject_type=MESSAGE,
        id=message.id,
        subject_id=message.id,
        revision=about.revision,
        scope_id=message.room_id,
        text=about.content,
        created_at=message.created_at,
        is_held=about.status == Status.HELD,
        is_deleted=message.status == Status.REMOVED,
        reason="" if about.reason is UNSET else about.reason,
        categories=() if about.categories is UNSET else tuple(about.categories),
        explanation="" if about.explanation is UNSET else about.explanation,
    )
