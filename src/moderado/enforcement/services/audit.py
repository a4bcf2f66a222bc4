"""Writes the audit of staff: one line for each action, and for each look at what is restricted."""

from typing import Any
from uuid import UUID

from moderado.core.operators import current_operator
from moderado.enforcement.models import AuditLine


def write_line(
    *,
    actor_id: UUID | None,
    action: str,
    subject_type: str = "",
    subject_id: UUID | None = None,
    **details: Any,
) -> AuditLine:
    """Write an audit line.

    Args:
        actor_id: Who acts; None for the command line, whose line names the user of the operating
            system as `operator`, and for what the server does by itself.
        action: What happens, as a code such as `hold_added`.
        subject_type: What it happens to.
        subject_id: Its id.
        details: Ids, codes and numbers, and no text about persons: lines are never erased.
    """
    if actor_id is None and (operator := current_operator()) is not None:
        details["operator"] = operator
    return AuditLine.objects.create(
        actor_id=actor_id,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        details=details,
    )
