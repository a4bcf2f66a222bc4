"""How many points of strikes persons have: for conditions, and for choosing thresholds."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Max, Q, Sum
from django.db.models.functions import Now

from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.restricted import without_restricted_sanctions
from moderado.enforcement.types import SanctionKind

if TYPE_CHECKING:
    from django.db.models import QuerySet


def strikes_that_count() -> "QuerySet[Sanction]":
    """Return the strikes that are neither revoked nor too old now."""
    strikes = Sanction.objects.filter(kind=SanctionKind.STRIKE, lifted_at=None)
    return strikes.filter(Q(ends_at=None) | Q(ends_at__gt=Now()))


def points_in_room(*, user_id: UUID, room_id: UUID) -> int:
    """Return a person's points now, as thresholds compare them: under one policy, in one scope.

    The highest of the sums in the room and on the server; strikes of other rooms do not count.
    One statement.
    """
    here = Q(scope_id=room_id) | Q(scope_id=None)
    strikes = strikes_that_count().filter(here, user=user_id)
    sums = strikes.values("policy_name", "scope_id").annotate(points=Sum("weight"))
    return sums.aggregate(most=Max("points"))["most"] or 0


def points_on_card(
    *, user_id: UUID, scope_ids: Collection[UUID] | None, sees_restricted: bool
) -> int:
    """Return a person's points now: the highest sum under one policy in one scope.

    Args:
        user_id: The person.
        scope_ids: Rooms of the moderator who looks, beside the server; None for all.
        sees_restricted: Whether strikes of cases about danger to children count, too.
    """
    strikes = strikes_that_count().filter(user=user_id)
    if scope_ids is not None:
        strikes = strikes.filter(Q(scope_id=None) | Q(scope_id__in=scope_ids))
    if not sees_restricted:
        strikes = without_restricted_sanctions(strikes)
    sums = strikes.values("policy_name", "scope_id").annotate(points=Sum("weight"))
    return sums.aggregate(most=Max("points"))["most"] or 0


def has_points_sql(user: str, scope: str) -> str:
    """Return an SQL condition: `points_in_room` of the person is not 0 there.

    Args:
        user: An SQL expression of the person's id.
        scope: An SQL expression of the room's id.
    """
    return f"""(SELECT count(*) > 0 FROM enforcement_sanction
         WHERE user_id = {user} AND (scope_id IS NULL OR scope_id = {scope})
           AND kind = 'strike' AND lifted_at IS NULL AND weight > 0
           AND (ends_at IS NULL OR ends_at > statement_timestamp()))"""  # noqa: S608  (names)


def points_by_person(
    *, policy: str | None, window: timedelta, sees_restricted: bool = False
) -> Sequence[tuple[int, int]]:
    """Return how many persons have how many points, fewest points first.

    A person's points are the highest sum under one policy in one scope, as thresholds compare it.
    Strikes that were revoked do not count, whatever the window.

    Args:
        policy: Of this policy only; None for all.
        window: How old strikes may be. That of the policies makes no difference.
        sees_restricted: Whether strikes of cases about danger to children count, too.
    """
    strikes = Sanction.objects.filter(
        kind=SanctionKind.STRIKE,
        lifted_at=None,
        starts_at__gt=Now() - window,
        user__isnull=False,
        weight__gt=0,
    )
    if not sees_restricted:
        strikes = without_restricted_sanctions(strikes)
    if policy is not None:
        strikes = strikes.filter(policy_name=policy)
    sums = strikes.values("user", "policy_name", "scope_id").annotate(points=Sum("weight"))
    highest: dict[object, int] = {}
    for user, points in sums.values_list("user", "points"):
        highest[user] = max(points, highest.get(user, 0))
    counts: dict[int, int] = {}
    for points in highest.values():
        counts[points] = counts.get(points, 0) + 1
    return sorted(counts.items())
