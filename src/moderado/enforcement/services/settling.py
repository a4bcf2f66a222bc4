"""Tells people of rulings once these cannot be undone any more.

PostgreSQL's clock decides, and a beat task calls this every 2 s: there is no message to lose.
"""

from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from moderado.core.database import retry_on_deadlock
from moderado.core.events import publish
from moderado.core.row_by_row import row_by_row
from moderado.enforcement.events import RulingSettled
from moderado.enforcement.models import Ruling
from moderado.enforcement.services.ruling_events import event_of

BATCH = 100  # rulings, each in a transaction of its own; more are looked at if some fail


def settle_rulings() -> int:
    """Publish `RulingSettled` for rulings whose time to be undone has passed.

    Returns:
        How many were settled. `BATCH`: there may be more.
    """
    due = Ruling.objects.filter(settled_at=None, undone_at=None, undo_until__lte=Now())
    ids = due.order_by("undo_until").values_list("pk", flat=True)[: 10 * BATCH]
    return len(list(islice(filter(None, row_by_row("settle_rulings", ids, _settle)), BATCH)))


@retry_on_deadlock
@transaction.atomic
def _settle(ruling_id: UUID) -> bool:
    due = Ruling.objects.filter(pk=ruling_id, settled_at=None, undone_at=None)
    ruling = due.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
    if ruling is None:  # undone, or settled by another worker
        return False
    Ruling.objects.filter(pk=ruling.pk).update(settled_at=Now())
    reversals = Ruling.objects.filter(reverses=ruling, undone_at=None)
    publish(
        event_of(
            RulingSettled,
            ruling,
            reverses_id=ruling.reverses_id,
            was_reversed=reversals.exists(),
        )
    )
    return True
