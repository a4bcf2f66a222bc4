"""Ends claims on cases, so that the next moderator need not wait for the lease."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from moderado.core.database import require_transaction
from moderado.moderation.events import CaseStep
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import RESTRICTED
from moderado.moderation.services.case_events import publish_changes

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
    return _end(claimed.filter(pk__in=lost), user_id)


def release_restricted_claims(*, user_id: UUID) -> int:
    """End the claims of a user who may no longer see restricted cases; return how many ended."""
    claimed = Case.objects.filter(state=Case.State.OPEN, claimed_by=user_id)
    return _end(claimed.filter(categories__overlap=list(RESTRICTED)), user_id)


def release_claim(*, user_id: UUID, case_id: UUID) -> bool:
    """End the claim of a user on one case; tell whether there was one. Requires a transaction."""
    require_transaction()
    own = Case.objects.filter(pk=case_id, state=Case.State.OPEN, claimed_by=user_id)
    return _end(own, user_id) > 0


def claim_holders(*, user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the users who hold claims."""
    claimed = Case.objects.filter(state=Case.State.OPEN, claimed_by__in=user_ids)
    return set(claimed.order_by().values_list("claimed_by", flat=True).distinct())


@transaction.atomic
def release_unused_claims(*, user_id: UUID, until: timedelta) -> int:
    """End the claims of a user who has left.

    Args:
        user_id: Who holds the claims.
        until: What is left at most of the lease of a claim that was not used since.

    Returns:
        How many claims ended.
    """
    claimed = Case.objects.filter(state=Case.State.OPEN, claimed_by=user_id)
    return _end(claimed.filter(claimed_until__lte=Now() + until), user_id)


def _end(claimed: "QuerySet[Case]", user_id: UUID) -> int:
    released = list(claimed.only("scope_id", "author_id", "origin"))
    if not released:
        return 0
    still_theirs = claimed.filter(pk__in=[case.pk for case in released])
    ended = still_theirs.update(claimed_by=None, claimed_until=None, version=F("version") + 1)
    publish_changes(CaseStep.RELEASED, released)
    log.info("claims_released", user_id=str(user_id), claims=ended)
    return ended
