"""Policies: save versions, enable one, roll back, delete. Each step is a line of the history.

A change is in force for the next claim of every worker, because the claim reads `in_force`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from moderado.accounts.services.client_keys import first_result
from moderado.core import clock
from moderado.core.database import require_transaction
from moderado.core.errors import NotFound
from moderado.core.ids import new_id
from moderado.moderation.errors import (
    FailingExamples,
    InvalidPolicy,
    PolicyExists,
    PolicyInUse,
    UnfairPolicy,
)
from moderado.moderation.models import Policy, PolicyChange, PolicyVersion
from moderado.moderation.policies.documents import to_json
from moderado.moderation.policies.schema import PolicyDocument
from moderado.moderation.services.policy_findings import Findings, findings_of
from moderado.moderation.services.policy_history import enabled_before, record_change
from moderado.moderation.services.policy_lookup import compiled_documents

log = structlog.get_logger(__name__)

Action = PolicyChange.Action

_LOCK = 0x706F6C69  # "poli": one change of policies at a time, on the whole server
_MAX_DEPTH = 5  # policies that extend each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A version that was saved, and what was found in it."""

    version: PolicyVersion
    findings: Findings


def create_policy(
    *,
    actor_id: UUID | None,
    document: PolicyDocument,
    reason: str = "",
    client_id: str | None = None,
) -> Saved:
    """Create a policy with its first version, which is not enabled.

    A repeat, which has the same `client_id`, returns what the first request created.

    Raises:
        Conflict: `client_id` was used for another document or reason.
        PolicyExists: The name is taken.
        InvalidPolicy: It extends a policy that does not exist, or its rules cannot be compiled.
    """
    with transaction.atomic():
        version_id = new_id()
        version = _first_version(actor_id, client_id, document, reason, version_id)
        if version is None:
            lock_policies()
            if Policy.objects.filter(name=document.name).exists():
                raise PolicyExists
            policy = Policy.objects.create(name=document.name, extends=parent_of(document))
            version = _save(policy, document, version_id, actor_id=actor_id, reason=reason)
    return Saved(version=version, findings=findings_of(version))


def save_version(
    *,
    actor_id: UUID | None,
    name: str,
    document: PolicyDocument,
    reason: str = "",
    client_id: str | None = None,
) -> Saved:
    """Save a version, which is not enabled. A repeat returns the first version.

    Raises:
        Conflict: `client_id` was used for another document or reason.
        NotFound: There is no such policy.
        InvalidPolicy: The document has another name, extends another policy than before, or its
            rules cannot be compiled.
    """
    with transaction.atomic():
        version_id = new_id()
        version = _first_version(actor_id, client_id, document, reason, version_id)
        if version is None:
            lock_policies()
            policy = get_policy(name)
            check_continues(policy, document)
            version = _save(policy, document, version_id, actor_id=actor_id, reason=reason)
    return Saved(version=version, findings=findings_of(version))


def enable(
    *,
    actor_id: UUID | None,
    name: str,
    number: int,
    reason: str = "",
    confirm_fairness: bool = False,
) -> PolicyVersion:
    """Enable a version, in place of the one that is enabled.

    Raises:
        NotFound: There is no such policy or version.
        InvalidPolicy: This release cannot compile it: an earlier one saved it.
        FailingExamples: An example of the policy fails; the error has all of them.
        UnfairPolicy: The version worsens fairness beyond its limit, without a confirmation.
    """
    version = get_version(name, number)
    _check(version, confirm_fairness=confirm_fairness)
    details: dict[str, object] = {"confirmed_unfairness": True} if confirm_fairness else {}
    return _put_in_force(version, Action.ENABLED, actor_id, reason, details)


def rollback(
    *, actor_id: UUID | None, name: str, number: int | None = None, reason: str = ""
) -> PolicyVersion:
    """Enable again the version that was enabled before version `number`, or before the current.

    It was checked when it was enabled: a rollback is not refused.

    Raises:
        NotFound: There is no such policy, or no version was enabled before.
    """
    policy = get_policy(name)
    left = policy.enabled if number is None else get_version(name, number)
    enabled = enabled_before(policy)
    if left is None or left not in enabled[1:]:
        raise NotFound
    before = enabled[enabled.index(left) - 1]
    return _put_in_force(before, Action.ROLLED_BACK, actor_id, reason, {"from": left.number})


def delete_policy(*, actor_id: UUID | None, name: str, reason: str = "") -> None:
    """Delete a policy. Its versions stay, because decisions name them; so does its name.

    Raises:
        NotFound: There is no such policy.
        PolicyInUse: It is assigned, or another policy extends it.
    """
    with transaction.atomic():
        lock_policies()
        policy = get_policy(name)
        extended = policy.extended_by.filter(deleted_at=None)
        if policy.assignments.exists() or extended.exists():
            raise PolicyInUse
        policy.deleted_at = clock.estimated()
        policy.in_force = []
        policy.save(update_fields=["deleted_at", "in_force"])
        record_change(policy, Action.DELETED, actor_id=actor_id, reason=reason)


def get_policy(name: str) -> Policy:
    """Return the policy. Raises NotFound."""
    found = Policy.objects.select_related("enabled", "extends").filter(name=name, deleted_at=None)
    policy: Policy | None = found.first()
    if policy is None:
        raise NotFound
    return policy


def get_version(name: str, number: int) -> PolicyVersion:
    """Return the version of a policy. Raises NotFound."""
    found = PolicyVersion.objects.select_related("policy__extends", "policy__enabled", "author")
    version: PolicyVersion | None = found.filter(
        policy__name=name, policy__deleted_at=None, number=number
    ).first()
    if version is None:
        raise NotFound
    return version


def lock_policies() -> None:
    """Let no other transaction change policies until this one ends. Requires a transaction."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _first_version(
    actor_id: UUID | None,
    client_id: str | None,
    document: PolicyDocument,
    reason: str,
    version_id: UUID,
) -> PolicyVersion | None:
    """Return the version that the first request saved, if this one is a repeat."""
    first_id = first_result(
        owner_id=actor_id,
        kind="policy_version",
        client_id=client_id,
        content=[to_json(document), reason],
        result_id=version_id,
    )
    return None if first_id is None else PolicyVersion.objects.get(pk=first_id)


def check_continues(policy: Policy, document: PolicyDocument) -> None:
    """Check that a document is one of this policy. Raises InvalidPolicy."""
    if document.name != policy.name:
        raise InvalidPolicy(fields={"name": _("The document has another name.")})
    if parent_of(document) != policy.extends:
        raise InvalidPolicy(
            fields={"extends": _("A policy always extends the same policy: create another.")}
        )


def _save(
    policy: Policy,
    document: PolicyDocument,
    version_id: UUID,
    *,
    actor_id: UUID | None,
    reason: str,
) -> PolicyVersion:
    compiled_documents([document])
    last = policy.versions.order_by("-number").values_list("number", flat=True).first() or 0
    version = PolicyVersion.objects.create(
        id=version_id,
        policy=policy,
        number=last + 1,
        document=to_json(document),
        author_id=actor_id,
        reason=reason,
    )
    record_change(policy, Action.SAVED, actor_id=actor_id, reason=reason, version=version)
    return version


def parent_of(document: PolicyDocument) -> Policy | None:
    """Return the policy that a document extends. Raises InvalidPolicy."""
    if document.extends is None:
        return None
    parent = Policy.objects.filter(name=document.extends, deleted_at=None).first()
    if parent is None:
        raise InvalidPolicy(fields={"extends": _("There is no such policy.")})
    if len(ancestors(parent)) >= _MAX_DEPTH:
        raise InvalidPolicy(fields={"extends": _("Too many policies extend each other.")})
    return parent


def ancestors(policy: Policy) -> list[Policy]:
    """Return the policy and those that it extends, in order."""
    found = [policy]
    while (parent := found[-1].extends) is not None:
        found.append(parent)
    return found


def _check(version: PolicyVersion, *, confirm_fairness: bool) -> None:
    findings = findings_of(version)
    if findings.examples:
        raise FailingExamples(findings.examples)
    if findings.fairness and findings.fairness.is_worse and not confirm_fairness:
        raise UnfairPolicy(findings.fairness)


def _put_in_force(
    version: PolicyVersion,
    action: PolicyChange.Action,
    actor_id: UUID | None,
    reason: str,
    details: dict[str, object],
) -> PolicyVersion:
    with transaction.atomic():
        lock_policies()
        policy = get_policy(version.policy.name)
        policy.enabled = version
        policy.save(update_fields=["enabled"])
        _update_chains([policy])
        record_change(
            policy, action, actor_id=actor_id, reason=reason, version=version, details=details
        )
    return version


def _update_chains(policies: Sequence[Policy]) -> None:
    """Write `in_force` of these policies and of all that extend them."""
    while policies:
        for policy in policies:
            enabled = [each.enabled_id for each in ancestors(policy)]
            policy.in_force = [] if enabled[0] is None else [each for each in enabled if each]
        Policy.objects.bulk_update(policies, ["in_force"])
        below = Policy.objects.filter(extends__in=policies, deleted_at=None)
        policies = list(below.select_related("extends__extends__extends"))
