"""Log lines of what a moderator removed, or brought back, among many: one line a text."""

from collections.abc import Iterable
from uuid import UUID

from moderado.core.database import require_transaction
from moderado.moderation.models import ModerationLog
from moderado.moderation.types import Content, Outcome, Reason

PURGED = "purged"  # `decided_by` of a removal
RESTORED = "restored"  # and of the return
STEPS = (PURGED, RESTORED)


def log_sweep(
    contents: Iterable[Content], *, step: str, actor_id: UUID | None, sweep_id: UUID
) -> None:
    """Write a line for each text, without the text. Requires a transaction.

    Args:
        contents: What was removed or brought back.
        step: PURGED or RESTORED.
        actor_id: The moderator.
        sweep_id: The purge that they belong to.
    """
    require_transaction()
    ModerationLog.objects.bulk_create(
        ModerationLog(
            subject_type=content.subject_type,
            subject_id=content.subject_id,
            revision=content.revision,
            scope_id=content.scope_id,
            verdict=Outcome.BLOCK if step == PURGED else Outcome.ALLOW,
            reason=Reason.REMOVED if step == PURGED else Reason.MODERATOR,
            decided_by=step,
            actor_id=actor_id,
            raw={"sweep": str(sweep_id)},
        )
        for content in contents
    )
