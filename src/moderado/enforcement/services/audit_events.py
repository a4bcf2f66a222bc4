"""Audit lines of what other services publish: rulings, and staff actions of other contexts.

The handlers run in the publisher's transaction: no action is stored without its line.
"""

from typing import Any

from moderado.core.database import require_transaction
from moderado.core.staff_actions import StaffActed
from moderado.enforcement.events import RulingEvent, RulingMade, RulingReversed, RulingUndone
from moderado.enforcement.models import Ruling, Sanction
from moderado.enforcement.services.audit import write_line


def on_staff_acted(event: StaffActed) -> None:
    """Write the line of an action of another context."""
    write_line(
        actor_id=event.actor_id,
        action=event.action,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        **event.details,
    )


def on_ruling_made(event: RulingMade) -> None:
    """Write the line of a ruling, with the kinds of its sanctions. Requires a transaction."""
    require_transaction()
    kinds = Sanction.objects.filter(ruling=event.ruling_id).order_by("id")
    bulk_id = Ruling.objects.get(pk=event.ruling_id).bulk_id
    sanctions = list(kinds.values_list("kind", flat=True))
    bulk = {"bulk": str(bulk_id)} if bulk_id else {}
    _write(event, "ruling_made", sanctions=sanctions, **bulk)


def on_ruling_undone(event: RulingUndone) -> None:
    """Write the line of an undone ruling. Requires a transaction."""
    require_transaction()
    _write(event, "ruling_undone")


def on_ruling_reversed(event: RulingReversed) -> None:
    """Write the line of a reversal. Requires a transaction."""
    require_transaction()
    _write(event, "ruling_reversed", reversal=str(event.reversal_id))


def _write(event: RulingEvent, action: str, **details: Any) -> None:
    write_line(
        actor_id=event.actor_id,
        action=action,
        subject_type="ruling",
        subject_id=event.ruling_id,
        case=str(event.case_id),
        content=event.content.value,
        room=None if event.scope_id is None else str(event.scope_id),
        **details,
    )
