"""Tells moderators that their queue has changed. A hint: the queue itself is in PostgreSQL."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from moderado.core.events import publish
from moderado.moderation.events import CaseChange, CasesChanged, CaseStep, CaseTraits
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import RESTRICTED

NEEDED = ("scope_id", "author_id", "origin", "categories")  # columns of opened cases
_UNCHANGED: Mapping[UUID, CaseTraits] = {}


def traits_of(case: Case) -> CaseTraits:
    """Return what decides who sees a case. Call it before a change of that."""
    return CaseTraits(
        categories=tuple(case.categories),
        joined_origins=tuple(case.joined_origins),
        priority=case.priority,
        is_escalated=case.escalated_at is not None,
    )


def publish_changes(
    step: CaseStep,
    cases: Iterable[Case],
    *,
    was: Mapping[UUID, CaseTraits] = _UNCHANGED,
    party_id: UUID | None = None,
) -> None:
    """Publish that `step` happened to these cases; nothing if there are none.

    Args:
        step: What happened.
        cases: The cases.
        was: By case, its traits before, wherever the change may have replaced some.
        party_id: Who alone is concerned: a moderator who may no longer decide the cases.
    """
    changes = tuple(
        CaseChange(
            step=step,
            case_id=case.id,
            scope_id=case.scope_id,
            author_id=case.author_id,
            origin=str(case.origin),
            was=was.get(case.id),
            party_id=party_id,
            is_restricted=step is CaseStep.OPENED and not RESTRICTED.isdisjoint(case.categories),
        )
        for case in cases
    )
    if changes:
        publish(CasesChanged(changes=changes))
