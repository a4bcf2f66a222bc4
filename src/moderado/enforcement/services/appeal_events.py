"""Tells moderators that appeals have changed. A hint: the appeals themselves are in PostgreSQL."""

from collections.abc import Iterable
from uuid import UUID

from moderado.core.events import publish
from moderado.enforcement.events import AppealChange, AppealsChanged
from moderado.enforcement.models import Appeal


def publish_appeals(
    appeals: Iterable[Appeal], *, is_overdue: bool = False, party_id: UUID | None = None
) -> None:
    """Publish that these appeals have changed; nothing if there are none.

    Args:
        appeals: The appeals.
        is_overdue: Their target time has passed.
        party_id: Who alone is concerned: a moderator who may no longer decide them.
    """
    changes = tuple(
        AppealChange(
            appeal_id=appeal.pk,
            scope_id=appeal.scope_id,
            is_overdue=is_overdue,
            party_id=party_id,
        )
        for appeal in appeals
    )
    if changes:
        publish(AppealsChanged(changes=changes))
