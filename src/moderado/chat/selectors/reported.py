"""What members may report of rooms and messages: what they see, or have seen a short time ago."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from moderado.chat.models import Message, Revision
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.enforcement.services.report_subjects import Reported

_Status = Message.Status


def reported_message(
    reporter_id: UUID, message_id: UUID, revision: int | None = None
) -> Reported | None:
    """Return the text of a message that the reporter saw, or else the one that is visible now.

    Its author cannot prevent that: a text that was visible can be reported for
    `REPORT_REPLACED_HOURS` after it was edited or deleted (ADR 0136).

    Args:
        reporter_id: Who may read the room.
        message_id: The message.
        revision: The one that was seen; None for the visible one.

    Returns:
        None if neither can be reported.
    """
    readable = Message.objects.filter(pk=message_id, room__in=rooms_visible_to(reporter_id))
    message = readable.first()
    if message is None:
        return None
    if revision is not None and (text := _seen_text(message, revision)):
        return _reported(message, revision, text)
    if message.status != _Status.APPROVED:
        return None
    return _reported(message, message.revision, message.text)


def _seen_text(message: Message, revision: int) -> str | None:
    """Return the text of a revision that others saw until a short time ago, if it is one."""
    since = Now() - timedelta(hours=settings.ENV.report_replaced_hours)
    if revision == message.revision:
        deleted = Message.objects.filter(pk=message.pk, status=_Status.REMOVED)
        return deleted.filter(removed_at__gt=since).values_list("text", flat=True).first()
    # One that was never visible, or that a ruling has blocked, has another status.
    kept = Revision.objects.filter(message=message, revision=revision, status=_Status.APPROVED)
    return kept.filter(created_at__gt=since).values_list("text", flat=True).first()


def _reported(message: Message, revision: int, text: str) -> Reported:
    return Reported(
        revision=revision, text=text, author_id=message.author_id, scope_id=message.room_id
    )


def reported_room(
    reporter_id: UUID, room_id: UUID, _revision: int | None = None
) -> Reported | None:
    """Return a room, or None if the reporter may not read it.

    The staff of the server decide about rooms, not the moderators of the room.
    """
    room = rooms_visible_to(reporter_id).filter(pk=room_id).first()
    if room is None:
        return None
    return Reported(revision=1, text=room.name, author_id=room.created_by_id)
