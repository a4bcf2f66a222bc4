"""The pause of slow mode that a member took along when they left the room."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max

from moderado.chat.models import Message, Room
from moderado.core import clock


def pause_of_returning(room: Room, user_id: UUID) -> datetime | None:
    """Return until when a person who enters a room in slow mode may not post.

    The membership holds the pause and ends with it, so that to leave and to join again would be a
    way to post at once. Deleted messages count: their rows stay.

    Args:
        room: The room, as it is now.
        user_id: Who enters it.

    Returns:
        None if the room is not in slow mode, or they have not posted within its interval.
    """
    now, interval = clock.now(), timedelta(seconds=room.slow_mode_seconds or 0)
    if room.slow_mode_until is None or room.slow_mode_until <= now:
        return None
    theirs = Message.objects.filter(room=room, author=user_id, created_at__gt=now - interval)
    last: datetime | None = theirs.aggregate(last=Max("created_at"))["last"]
    return None if last is None else last + interval
