"""Tells moderators that their queue has changed. A hint: the queue itself is in PostgreSQL."""

from collections.abc import Iterable

from moderado.core.events import publish
from moderado.moderation.events import CaseChange, CasesChanged, CaseStep
from moderado.moderation.models import Case


def publish_changes(step: CaseStep, cases: Iterable[Case]) -> None:
    """Publish that `step` happened to these cases; nothing if there are none."""
    changes = tuple(
        CaseChange(
            step=step,
            case_id=case.id,
            scope_id=case.scope_id,
            author_id=case.author_id,
            origin=str(case.origin),
        )
        for case in cases
    )
    if changes:
        publish(CasesChanged(changes=changes))
