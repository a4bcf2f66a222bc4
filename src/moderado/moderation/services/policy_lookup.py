"""Which policy is in force where, and its compiled form.

A claim returns, with each row, the versions in force for its room. They are the key of the cache:
versions never change, so nothing that is cached under them can be out of date.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from django.core.signals import setting_changed
from django.utils.translation import gettext as _

from moderado.core.database import run_prepared
from moderado.moderation import registry
from moderado.moderation.decide import CompiledPolicy
from moderado.moderation.errors import InvalidPolicy
from moderado.moderation.models import Policy, PolicyVersion
from moderado.moderation.policies.compile import Runtime, compile_policy
from moderado.moderation.policies.documents import read_json
from moderado.moderation.policies.mistakes import InvalidDocument
from moderado.moderation.policies.schema import PolicyDocument

log = structlog.get_logger(__name__)

MAX_RUNTIMES = 2_048
Chain = tuple[UUID, ...]  # version ids: the policy's own, then those that it extends
CONFIGURED: Chain = ()  # no policy is stored: the configuration decides

_ASSIGNED = """
    SELECT {columns} FROM moderation_policyassignment assigned
      JOIN moderation_policy policy ON policy.id = assigned.policy_id
     WHERE policy.in_force <> '{{}}' AND assigned.scope_id {where}
"""
# A table expression: what is in force where no room has a policy of its own. Read once a statement.
GENERAL = "in_general(room_type, in_force) AS MATERIALIZED ({})".format(
    _ASSIGNED.format(columns="assigned.room_type, policy.in_force", where="IS NULL")
)


def in_force_sql(room_id: str, room_type: str) -> str:
    """Return a scalar expression for the versions in force in a room, or NULL.

    The statement begins with the table expression `GENERAL`.

    Args:
        room_id: An SQL expression of the room's id.
        room_type: An SQL expression of the room's type.
    """
    own = _ASSIGNED.format(columns="policy.in_force", where=f"= {room_id}")
    of_type = f"SELECT in_force FROM in_general WHERE in_general.room_type = {room_type}"  # noqa: S608  (names of our own columns)
    of_server = "SELECT in_force FROM in_general WHERE in_general.room_type = ''"
    return f"coalesce(({own}), ({of_type}), ({of_server}))"


_SELECT = f"WITH {GENERAL} SELECT {in_force_sql('%s::uuid', '%s')}"


def in_force(*, scope_id: UUID | None = None, room_type: str = "") -> Chain:
    """Return the versions in force in a room, or on the server."""
    ((found,),) = run_prepared(_SELECT, [scope_id, room_type])
    return tuple(found or ())


@lru_cache(MAX_RUNTIMES)
def runtime(chain: Chain) -> Runtime:
    """Return what judges and decides under these versions; () is the configuration."""
    if not chain:
        return _of_configuration()
    stored = PolicyVersion.objects.select_related("policy").in_bulk(chain)
    return runtime_of([stored[each] for each in chain if each in stored])


def versions_of(version: PolicyVersion) -> list[PolicyVersion]:
    """Return a version, and those in force of the policies that it extends."""
    below = version.policy.extends
    chain = tuple(below.in_force) if below else ()
    stored = PolicyVersion.objects.select_related("policy").in_bulk(chain)
    return [version, *(stored[each] for each in chain)]


def runtime_of(versions: Sequence[PolicyVersion]) -> Runtime:
    """Return the runtime of versions, the policy's own first.

    A document that this release cannot compile judges nothing: all content is held.
    """
    own = versions[0]
    try:
        return compiled(versions)
    except InvalidPolicy:
        log.critical("policy_unusable", policy=own.policy.name, version=own.number)
        policy = CompiledPolicy(name=own.policy.name, version=version_name(versions))
        return Runtime(policy=policy, providers=(), conditions={})


def compiled(versions: Sequence[PolicyVersion]) -> Runtime:
    """Return the runtime of versions, the policy's own first.

    Raises:
        InvalidPolicy: This release cannot compile their documents.
    """
    try:
        documents = [read_json(each.document) for each in versions]
    except InvalidDocument as error:
        raise InvalidPolicy(fields={"document": str(error)}) from None
    return compiled_documents(documents, version=version_name(versions))


def compiled_documents(documents: Sequence[PolicyDocument], *, version: str = "") -> Runtime:
    """Return the runtime of documents, the policy's own first. Raises InvalidPolicy."""
    configured = registry.configured_providers()
    try:
        return compile_policy(documents, version=version, configured=configured)
    except ValueError:
        log.warning("policy_not_compiled", policy=documents[0].name, exc_info=True)
        sentence = _("Its rules cannot be used together: there are too many, or they are too long.")
        raise InvalidPolicy(fields={"document": sentence}) from None


def version_name(versions: Sequence[PolicyVersion]) -> str:
    """Return how decisions name these versions, the policy's own first: `4`, or `4/2`.

    The numbers are those of the policy and of each one that it extends, in order; 0 if none of its
    versions was enabled. A policy always extends the same one, so that the numbers are enough.
    """
    by_policy = {each.policy_id: str(each.number) for each in versions}
    numbers = []
    policy: Policy | None = versions[0].policy
    while policy is not None and by_policy:
        numbers.append(by_policy.pop(policy.id, "0"))
        policy = policy.extends
    return "/".join(numbers)


def _of_configuration() -> Runtime:
    return Runtime(
        policy=registry.configured_policy(),
        providers=registry.configured_providers(),
        conditions={},
    )


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "MODERATION_PROVIDERS":
        runtime.cache_clear()


setting_changed.connect(_forget)
