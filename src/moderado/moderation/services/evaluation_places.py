"""Where a version would judge: the rooms to whose policy it belongs, as assigned now."""

from uuid import UUID

from django.db.models import Q

from moderado.moderation.evaluation.past import PastDecision
from moderado.moderation.models import Policy, PolicyAssignment, PolicyVersion
from moderado.moderation.services.policies import ancestors
from moderado.moderation.services.policy_lookup import Chain, versions_of


class Places:
    """Finds the versions that would be in force for a decision, if `version` were enabled.

    A room whose own policy extends that of `version` keeps its own rules before it. A policy that
    is assigned nowhere is tried everywhere.
    """

    def __init__(self, version: PolicyVersion) -> None:
        self._version = version
        self._alone: Chain = tuple(each.id for each in versions_of(version))
        self._rooms: dict[UUID, Chain | None] = {}
        self._types: dict[str, Chain | None] = {}
        assigned = PolicyAssignment.objects.select_related("policy__enabled", "policy__extends")
        for each in assigned.exclude(policy__in_force=[]):
            chain = self._with_version(each.policy)
            if each.scope_id is not None:
                self._rooms[each.scope_id] = chain
            else:
                self._types[each.room_type] = chain
        self._is_assigned = any([*self._rooms.values(), *self._types.values()])

    def chain_of(self, decision: PastDecision) -> Chain | None:
        """Return the versions that would judge; None if the version would not take part."""
        if not self._is_assigned:
            return self._alone
        if decision.scope_id in self._rooms:
            return self._rooms[decision.scope_id]
        room_type = decision.room_type
        return self._types.get(room_type) if room_type in self._types else self._types.get("")

    def rooms(self) -> Q:
        """Return which rows with a `scope_id` are of rooms where the version would judge.

        Assignments to types of rooms are read as one to all of them: rows do not name the type.
        """
        if not self._is_assigned:
            return Q()
        if any(self._types.values()):
            return ~Q(scope_id__in=[room for room, chain in self._rooms.items() if chain is None])
        return Q(scope_id__in=[room for room, chain in self._rooms.items() if chain is not None])

    def _with_version(self, policy: Policy) -> Chain | None:
        family = ancestors(policy)
        if self._version.policy not in family:
            return None
        ids = [
            self._version.id if each == self._version.policy else each.enabled_id for each in family
        ]
        return tuple(each for each in ids if each is not None)
