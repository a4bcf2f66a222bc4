"""Tells connected moderators of cases that were put off, and whose time has come."""

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from moderado.core.database import retry_on_deadlock
from moderado.moderation.events import CaseStep
from moderado.moderation.models import Case
from moderado.moderation.services.case_events import NEEDED, publish_changes

log = structlog.get_logger(__name__)

BATCH = 100


@retry_on_deadlock
@transaction.atomic
def end_snoozes() -> int:
    """End the snoozes that are over: their cases are among the open ones again.

    They are in lists and counts by PostgreSQL's clock, whether this has run or not.

    Returns:
        How many ended. `BATCH`: there may be more.
    """
    over = Case.objects.filter(state=Case.State.OPEN, snoozed_until__lte=Now())
    rows = over.order_by("snoozed_until").select_for_update(
        no_key=True, skip_locked=True, of=("self",)
    )
    found = list(rows.only(*NEEDED)[:BATCH])
    Case.objects.filter(pk__in=[case.pk for case in found]).update(
        snoozed_until=None, version=F("version") + 1
    )
    publish_changes(CaseStep.OPENED, found)
    if found:
        log.info("snoozes_ended", cases=len(found))
    return len(found)
