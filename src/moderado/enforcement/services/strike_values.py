"""What a strike counts: by the policy that judged the content, or the one in force in its scope."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from moderado.enforcement.types import SanctionBasis
from moderado.moderation.models import ModerationLog
from moderado.moderation.services.strike_policies import (
    StrikePolicy,
    strikes_in_force,
    strikes_of_policy,
)
from moderado.moderation.types import Category

RoomType = Callable[[UUID], str]
_room_types: list[RoomType] = []


def provide_room_type(source: RoomType) -> None:
    """Register what tells the type of a room, by which policies are assigned."""
    _room_types[:] = [source]


class Valued(msgspec.Struct, frozen=True, kw_only=True):
    """The points of a strike, and by which policy and category they were chosen."""

    policy: str
    category: str
    points: int
    window: timedelta


def valued(*, scope_id: UUID | None, reason: str, basis: SanctionBasis) -> Valued:
    """Return what a strike counts, by the version of its policy that is in force now.

    Args:
        scope_id: The room; None for the whole server.
        reason: Of the strike. It is its category, if it is the code of one.
        basis: The policy that judged, and the categories that were found.
    """
    policy = policy_of(basis.policy, scope_id)
    category = _category(reason.strip(), basis.categories, policy)
    return Valued(
        policy=policy.name,
        category=category,
        points=policy.rules.weight(category),
        window=policy.rules.window,
    )


def policy_of(name: str, scope_id: UUID | None) -> StrikePolicy:
    """Return the policy of this name, or else the one in force in the scope."""
    named = strikes_of_policy(name) if name else None
    return named or strikes_in_force(scope_id=scope_id, room_type=_room_type(scope_id))


def basis_of_subject(*, subject_id: UUID, revision: int, categories: list[str]) -> SanctionBasis:
    """Return the basis of a strike about a revision: the policy by which a machine judged it."""
    lines = ModerationLog.objects.filter(subject_id=subject_id, revision=revision, actor=None)
    policy = lines.order_by("-created_at", "-id").values_list("policy", flat=True).first()
    return SanctionBasis(policy=policy or "", categories=tuple(categories))


def _category(reason: str, found: tuple[str, ...], policy: StrikePolicy) -> str:
    if reason in set(Category):
        return reason
    known = [each for each in found if each in set(Category)]
    return max(known, key=policy.rules.weight, default="")


def _room_type(scope_id: UUID | None) -> str:
    return _room_types[0](scope_id) if scope_id is not None and _room_types else ""


def basis_columns(basis: SanctionBasis, strike: Valued | None) -> dict[str, Any]:
    """Return the columns of a sanction that say what it counts, or what led to it."""
    if strike is None:
        return {
            "policy_name": basis.policy,
            "cause_id": basis.cause_id,
            "threshold": basis.threshold,
        }
    return {
        "policy_name": strike.policy,
        "category": strike.category,
        "weight": strike.points,
        "verdict_id": basis.verdict_id,
    }
