"""What a strike would lead to by the strike rules of the policy, before a moderator gives it."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now

from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.restricted import without_restricted_sanctions
from moderado.enforcement.selectors.strikes import strikes_that_count
from moderado.enforcement.services.strike_values import basis_of_subject, policy_of, valued
from moderado.moderation.models import Case
from moderado.moderation.policies.strikes import StrikeThreshold


class StrikeForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A strike that could be given: its points, those of the person now, and what follows."""

    points: int
    points_now: int
    has_thresholds: bool
    consequences: Sequence[StrikeThreshold]

    @property
    def total(self) -> int:
        """The points of the person after the strike."""
        return self.points_now + self.points


def strike_forecast(
    *, case: Case, reason: str, scope_id: UUID | None, sees_restricted: bool
) -> StrikeForecast:
    """Return what a strike of a ruling on this case would lead to now.

    Args:
        case: The case.
        reason: That of the ruling.
        scope_id: The room; None for the whole server.
        sees_restricted: Whether strikes of cases about danger to children count. Without them, it
            may lead to more than is said.
    """
    basis = basis_of_subject(
        subject_id=case.subject_id, revision=case.revision, categories=case.categories
    )
    strike = valued(scope_id=scope_id, reason=reason, basis=basis)
    thresholds = policy_of(strike.policy, scope_id).rules.thresholds
    alike = Q(user=case.author_id, policy_name=strike.policy, scope_id=scope_id)

    def seen(sanctions: "QuerySet[Sanction]") -> "QuerySet[Sanction]":
        found = sanctions.filter(alike)
        return found if sees_restricted else without_restricted_sanctions(found)

    def is_in_force(threshold: StrikeThreshold) -> bool:
        lasting = Q(ends_at=None) | Q(ends_at__gt=Now())
        following = Sanction.objects.filter(lasting, lifted_at=None, expired_at=None)
        return seen(following).filter(threshold=threshold.points).exists()

    now = seen(strikes_that_count()).aggregate(sum=Sum("weight"))["sum"] or 0

    due = thresholds_due(now + strike.points, strike.points, thresholds, is_in_force)
    return StrikeForecast(
        points=strike.points,
        points_now=now,
        has_thresholds=bool(thresholds),
        consequences=due if strike.points else (),
    )


def thresholds_due(
    points: int,
    weight: int,
    thresholds: Sequence[StrikeThreshold],
    is_in_force: Callable[[StrikeThreshold], bool],
) -> Sequence[StrikeThreshold]:
    """Return the thresholds whose sanctions a strike leads to, lowest first.

    A further strike above the highest one that was reached before leads to its sanction again,
    unless that is in force.

    Args:
        points: Those of the person, with the strike.
        weight: Those of the strike.
        thresholds: Of the policy, lowest first.
        is_in_force: Tells whether the sanction of a threshold is in force.
    """
    reached = [each for each in thresholds if each.points <= points]
    crossed = [each for each in reached if each.points > points - weight]
    if reached and not crossed:
        return [] if is_in_force(reached[-1]) else reached[-1:]
    return crossed
