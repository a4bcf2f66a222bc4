"""Ends claims on cases, so that the next moderator need not wait for the lease."""

from collections.abc import Collection
from uuid import UUID

import structlog
from django.db.models import F

from moderado.moderation.models import Case

log = structlog.get_logger(__name__)


def release_claims(*, user_id: UUID, kept_scope_ids: Collection[UUID] = ()) -> int:
    """End the claims of a user who may no longer decide.

    Args:
        user_id: Who holds the claims.
        kept_scope_ids: Rooms whose cases the user may still decide.

    Returns:
        How many claims ended.
    """
    claimed = Case.objects.filter(state=Case.State.OPEN, claimed_by=user_id)
    # A case without a room is for staff only; NOT IN would skip it.
    lost = [
        case_id
        for case_id, scope_id in claimed.values_list("pk", "scope_id")
        if scope_id not in kept_scope_ids
    ]
    ended = claimed.filter(pk__in=lost).update(
        claimed_by=None, claimed_until=None, version=F("version") + 1
    )
    if ended:
        log.info("claims_released", user_id=str(user_id), claims=ended)
    return ended
