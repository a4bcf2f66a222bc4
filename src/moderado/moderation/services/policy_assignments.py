"""Where policies apply: the server, types of rooms, single rooms. The most specific one wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from moderado.moderation.errors import PolicyNotEnabled
from moderado.moderation.models import Policy, PolicyAssignment, PolicyChange
from moderado.moderation.services.policies import get_policy, lock_policies
from moderado.moderation.services.policy_history import record_change

ROOM_TYPES = ("public", "private")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignments:
    """The names of the policies. `server` is None while the configuration decides there."""

    server: str | None = None
    room_types: Mapping[str, str] = field(default_factory=dict)
    rooms: Mapping[UUID, str] = field(default_factory=dict)


def assignments() -> Assignments:
    """Return where policies apply."""
    rows = PolicyAssignment.objects.select_related("policy").order_by("created_at")
    return _by_kind({(row.scope_id, row.room_type): row.policy.name for row in rows})


def assign(*, actor_id: UUID | None, wanted: Assignments, reason: str = "") -> Assignments:
    """Make `wanted` the assignments: what it does not name is no longer assigned.

    Raises:
        NotFound: There is no such policy.
        PolicyNotEnabled: No version of a policy is enabled.
    """
    with transaction.atomic():
        lock_policies()
        before, after = _rows(assignments()), _rows(wanted)
        policies = {name: _enabled(name) for name in set(after.values())}
        for place in before.keys() - after.keys():
            _clear(*place)
            _record(place, get_policy(before[place]), actor_id, reason, removed=True)
        for place, name in after.items():
            if before.get(place) == name:
                continue
            _clear(*place)
            scope_id, room_type = place
            policy = policies[name]
            PolicyAssignment.objects.create(policy=policy, scope_id=scope_id, room_type=room_type)
            _record(place, policy, actor_id, reason)
    return wanted


def assign_one(
    *,
    actor_id: UUID | None,
    name: str | None,
    scope_id: UUID | None = None,
    room_type: str = "",
    reason: str = "",
) -> None:
    """Make a policy apply in one place, in place of the one that did. Other places stay.

    Args:
        actor_id: Who assigns it; None: the command line.
        name: The policy; None: this place has none of its own.
        scope_id: The room.
        room_type: The type of rooms; without room and type, the place is the server.
        reason: For the history.

    Raises:
        NotFound: There is no such policy.
        PolicyNotEnabled: No version of it is enabled.
    """
    with transaction.atomic():
        lock_policies()
        rows = _rows(assignments())
        rows.pop((scope_id, room_type), None)
        if name is not None:
            rows[scope_id, room_type] = name
        assign(actor_id=actor_id, wanted=_by_kind(rows), reason=reason)


_Place = tuple[UUID | None, str]


def _record(
    place: _Place, policy: Policy, actor_id: UUID | None, reason: str, *, removed: bool = False
) -> None:
    scope_id, room_type = place
    record_change(
        policy,
        PolicyChange.Action.UNASSIGNED if removed else PolicyChange.Action.ASSIGNED,
        actor_id=actor_id,
        reason=reason,
        version=policy.enabled,
        details={"room": str(scope_id) if scope_id else None, "room_type": room_type},
    )


def _rows(wanted: Assignments) -> dict[_Place, str]:
    rows: dict[_Place, str] = {(room_id, ""): name for room_id, name in wanted.rooms.items()}
    rows |= {(None, room_type): name for room_type, name in wanted.room_types.items()}
    if wanted.server is not None:
        rows[None, ""] = wanted.server
    return rows


def _by_kind(rows: Mapping[_Place, str]) -> Assignments:
    return Assignments(
        server=rows.get((None, "")),
        room_types={room_type: name for (_, room_type), name in rows.items() if room_type},
        rooms={scope_id: name for (scope_id, _), name in rows.items() if scope_id},
    )


def _clear(scope_id: UUID | None, room_type: str) -> None:
    PolicyAssignment.objects.filter(scope_id=scope_id, room_type=room_type).delete()


def _enabled(name: str) -> Policy:
    policy = get_policy(name)
    if policy.enabled is None:
        raise PolicyNotEnabled
    return policy
