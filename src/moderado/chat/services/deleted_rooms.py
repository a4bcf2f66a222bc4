"""Close the cases of rooms that were deleted, in case one was left open.

A room is deleted together with its cases (`services.rooms.close_room`). A case may stay open all
the same: an earlier release left those of names, a claim or a ruling held the case at that moment,
or the room's name was judged later.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from moderado.chat.models import Room
from moderado.chat.services.names import withdraw_room_name
from moderado.chat.types import ROOM_NAME
from moderado.core.database import retry_on_deadlock
from moderado.moderation.selectors import open_cases
from moderado.moderation.services.closing import close_cases_of_scope
from moderado.moderation.types import CloseReason

BATCH = 50  # rooms, each in a transaction of its own


def close_left_cases() -> int:
    """Close the open cases of deleted rooms, and end the judgement of their names.

    Returns:
        The number of rooms. `BATCH`: there may be more.
    """
    of_texts = open_cases().filter(scope_id=OuterRef("pk"))
    of_names = open_cases().filter(subject_type=ROOM_NAME, subject_id=OuterRef("pk"))
    deleted = Room.objects.filter(deleted_at__isnull=False)
    left = deleted.filter(Exists(of_texts)) | deleted.filter(Exists(of_names))
    ids = list(left.values_list("pk", flat=True)[:BATCH])
    for room_id in ids:
        _close(room_id)
    return len(ids)


@retry_on_deadlock
@transaction.atomic
def _close(room_id: UUID) -> None:
    Room.objects.select_for_update(no_key=True).get(pk=room_id)
    close_cases_of_scope(scope_id=room_id, reason=CloseReason.ROOM_DELETED)
    withdraw_room_name(room_id)
