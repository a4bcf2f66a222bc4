"""The strikes of the policies in force. Versions never change, so what is cached stays true."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from moderado.moderation.models import Policy, PolicyVersion
from moderado.moderation.policies.strikes import StrikeRules, strike_rules
from moderado.moderation.services.policy_lookup import MAX_RUNTIMES, Chain, in_force

CONFIGURED_NAME = "default"  # of the policy that the configuration describes, as in verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikePolicy:
    """A policy by its name, and its strikes."""

    name: str
    rules: StrikeRules


@lru_cache(MAX_RUNTIMES)
def strikes_under(chain: Chain) -> StrikePolicy:
    """Return the strikes under these versions; () is the configuration, which has none."""
    if not chain:
        return StrikePolicy(name=CONFIGURED_NAME, rules=StrikeRules())
    stored = PolicyVersion.objects.select_related("policy").in_bulk(chain)
    versions = [stored[each] for each in chain]
    documents = [each.document for each in versions]
    return StrikePolicy(name=versions[0].policy.name, rules=strike_rules(documents))


def strikes_of_policy(name: str) -> StrikePolicy | None:
    """Return the strikes of the policy of this name; None if none is stored and enabled."""
    stored = Policy.objects.filter(name=name, deleted_at=None)
    chain = stored.values_list("in_force", flat=True).first()
    return strikes_under(tuple(chain)) if chain else None


def strikes_in_force(*, scope_id: UUID | None, room_type: str = "") -> StrikePolicy:
    """Return the strikes of the policy in force in a room, or on the server."""
    return strikes_under(in_force(scope_id=scope_id, room_type=room_type))
