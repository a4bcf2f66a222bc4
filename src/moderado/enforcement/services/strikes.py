"""What strikes lead to: sanctions at thresholds, and their end when a threshold is not reached.

Points are those of strikes of one policy in one scope: strikes of a room lead to sanctions in that
room alone. Handlers of events, in the transaction of the strike or of its end. The strikes of one
person are counted one after the other, under the lock of the account.
"""

from collections.abc import Sequence
from contextlib import suppress

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.core.database import require_transaction
from moderado.core.errors import ApplicationError
from moderado.enforcement.errors import SanctionEnded
from moderado.enforcement.events import SanctionApplied, SanctionLifted
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.strikes import strikes_that_count
from moderado.enforcement.services.sanctions import apply_sanction, lift_sanction
from moderado.enforcement.services.strike_forecasts import thresholds_due
from moderado.enforcement.services.strike_values import policy_of
from moderado.enforcement.types import STRIKES, SanctionBasis, SanctionEnd, SanctionKind
from moderado.moderation.policies.strikes import StrikeThreshold

log = structlog.get_logger(__name__)

RECOUNTED = "strikes_recounted"  # why a consequence is lifted


def on_sanction_applied(event: SanctionApplied) -> None:
    """Impose what the points lead to, after a strike. Requires a transaction."""
    if event.kind is not SanctionKind.STRIKE:
        return
    require_transaction()
    strike = Sanction.objects.get(pk=event.sanction_id)
    thresholds = policy_of(strike.policy_name, strike.scope_id).rules.thresholds
    if not thresholds or not strike.weight:
        return
    _lock_person(strike)
    for threshold in _due(strike, strike.weight, thresholds):
        _impose(strike, threshold)


def on_sanction_lifted(event: SanctionLifted) -> None:
    """Lift what followed from points that are no longer reached, after a strike was revoked.

    A strike that is too old to count ends nothing: what it led to has a term of its own. After one
    that was undone, what it led to is undone, too, also what is over. Requires a transaction.
    """
    if event.kind is not SanctionKind.STRIKE or event.end is SanctionEnd.EXPIRED:
        return
    require_transaction()
    strike = Sanction.objects.get(pk=event.sanction_id)
    _lock_person(strike)
    points = _points(_counting_now(strike))
    is_undone = event.end is SanctionEnd.UNDONE
    followed = _followed(strike) if is_undone else _consequences(strike)
    for sanction in followed.order_by("starts_at", "id"):
        then = _points(_counting_at(sanction))
        if max(points, then) < (sanction.threshold or 0):
            with suppress(SanctionEnded):  # its term has ended meanwhile
                lift_sanction(
                    actor_id=None, sanction_id=sanction.id, reason=RECOUNTED, end=event.end
                )


def _due(
    strike: Sanction, weight: int, thresholds: Sequence[StrikeThreshold]
) -> Sequence[StrikeThreshold]:
    def is_in_force(threshold: StrikeThreshold) -> bool:
        return _consequences(strike).filter(threshold=threshold.points).exists()

    return thresholds_due(_points(_counting_now(strike)), weight, thresholds, is_in_force)


def _impose(strike: Sanction, threshold: StrikeThreshold) -> None:
    assert strike.user_id is not None, "its person is locked"
    try:
        with transaction.atomic():
            apply_sanction(
                actor_id=None,
                user_id=strike.user_id,
                kind=threshold.sanction,
                scope_id=strike.scope_id,
                term=threshold.term,
                reason=STRIKES,
                basis=SanctionBasis(
                    policy=strike.policy_name, cause_id=strike.id, threshold=threshold.points
                ),
            )
    except ApplicationError as refusal:
        # Such as of a room or an account that has ended meanwhile. The strike itself stands.
        log.warning(
            "threshold_not_applied",
            sanction_id=str(strike.id),
            points=threshold.points,
            code=refusal.code,
        )


def _lock_person(strike: Sanction) -> None:
    if strike.user_id is not None:  # else the account was deleted
        User.objects.select_for_update(no_key=True).get(pk=strike.user_id)


def _alike(sanction: Sanction, among: "QuerySet[Sanction] | None" = None) -> "QuerySet[Sanction]":
    """Return what is of the same person, policy and scope."""
    return (Sanction.objects.all() if among is None else among).filter(
        user=sanction.user_id, policy_name=sanction.policy_name, scope_id=sanction.scope_id
    )


def _consequences(strike: Sanction) -> "QuerySet[Sanction]":
    """Return the sanctions in force that strikes led to."""
    lasting = Q(ends_at=None) | Q(ends_at__gt=Now())
    return _followed(strike).filter(lasting, expired_at=None)


def _followed(strike: Sanction) -> "QuerySet[Sanction]":
    """Return the sanctions that strikes led to, also those whose term is over."""
    return _alike(strike).filter(threshold__isnull=False, lifted_at=None)


def _counting_now(strike: Sanction) -> "QuerySet[Sanction]":
    return _alike(strike, among=strikes_that_count())


def _counting_at(sanction: Sanction) -> "QuerySet[Sanction]":
    """Return the strikes that counted when a sanction was imposed, without those revoked since."""
    strikes = _alike(sanction).filter(kind=SanctionKind.STRIKE, lifted_at=None)
    lasting = Q(ends_at=None) | Q(ends_at__gt=sanction.starts_at)
    return strikes.filter(lasting, starts_at__lte=sanction.starts_at)


def _points(strikes: "QuerySet[Sanction]") -> int:
    return strikes.aggregate(points=Sum("weight"))["points"] or 0
