"""How much may be said: one measure for every door."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from moderado.core import limits
from moderado.core.errors import RateLimited


def spend_message_quota(*, user_id: UUID, room_id: UUID) -> None:
    """Count one message or edit of `user_id` in `room_id`. Raises RateLimited when it is too many.

    The account is asked first, so that who floods spends their own quota and not the room's.
    """
    (refusal,) = spend_message_quotas([(user_id, room_id)])
    if refusal is not None:
        raise refusal


def spend_message_quotas(spenders: Sequence[tuple[UUID, UUID]]) -> list[RateLimited | None]:
    """The same for many, `(user_id, room_id)` each: the refusal of each, or None."""
    per_user, per_room = settings.ENV.limit_messages_per_user, settings.ENV.limit_messages_per_room
    return limits.hit_all(
        [
            [(per_user, ("messages", "user", user)), (per_room, ("messages", "room", room))]
            for user, room in spenders
        ]
    )
