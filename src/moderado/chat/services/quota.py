"""How much may be said: one measure for every door."""

from uuid import UUID

from django.conf import settings

from moderado.core import limits


def spend_message_quota(*, user_id: UUID, room_id: UUID) -> None:
    """Count one message or edit of `user_id` in `room_id`. Raises RateLimited when it is too many.

    The account is asked first, so that who floods spends their own quota and not the room's.
    """
    limits.hit(settings.ENV.limit_messages_per_user, "messages", "user", user_id)
    limits.hit(settings.ENV.limit_messages_per_room, "messages", "room", room_id)
