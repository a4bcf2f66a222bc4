"""The history of policies: a line for each step, and what it says about earlier versions."""

from uuid import UUID

import structlog

from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.core.staff_actions import StaffActed
from moderado.moderation.models import Policy, PolicyChange, PolicyVersion

log = structlog.get_logger(__name__)

Action = PolicyChange.Action


def record_change(
    policy: Policy,
    action: Action,
    *,
    actor_id: UUID | None,
    reason: str = "",
    version: PolicyVersion | None = None,
    details: dict[str, object] | None = None,
) -> None:
    """Write a line of the history. Requires a transaction."""
    require_transaction()
    PolicyChange.objects.create(
        policy=policy,
        action=action,
        version=version,
        actor_id=actor_id,
        reason=reason,
        details=details or {},
    )
    number = {} if version is None else {"version": version.number}
    publish(
        StaffActed(
            actor_id=actor_id,
            action=f"policy_{action.value}",
            subject_type="policy",
            subject_id=policy.pk,
            details={"policy": policy.name, **number},
        )
    )
    log.info(
        "policy_changed",
        policy=policy.name,
        action=action.value,
        version=version.number if version else None,
    )


def enabled_before(policy: Policy) -> list[PolicyVersion]:
    """Return the versions that led to the enabled one; a rollback takes the later ones away."""
    changes = PolicyChange.objects.filter(
        policy=policy,
        action__in=(PolicyChange.Action.ENABLED, PolicyChange.Action.ROLLED_BACK),
        version__isnull=False,
    )
    enabled: list[PolicyVersion] = []
    for change in changes.select_related("version__policy").order_by("created_at", "id"):
        version = change.version
        assert version is not None, "filtered above"
        if version in enabled:
            del enabled[enabled.index(version) :]
        enabled.append(version)
    return enabled
