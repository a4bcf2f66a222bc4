"""Reminds moderators of appeals that wait longer than `APPEAL_TARGET_HOURS`."""

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from moderado.core.database import retry_on_deadlock
from moderado.enforcement.models import Appeal
from moderado.enforcement.services.appeal_events import publish_appeals
from moderado.enforcement.types import AppealState
from moderado.moderation.events import CaseStep
from moderado.moderation.models import Case
from moderado.moderation.recommendations import URGENT
from moderado.moderation.services.case_events import publish_changes, traits_of

log = structlog.get_logger(__name__)

BATCH = 100


@retry_on_deadlock
@transaction.atomic
def remind_of_appeals() -> int:
    """Mark overdue appeals, tell those who may decide them, and make their cases urgent.

    Each appeal once.

    Returns:
        How many were marked.
    """
    overdue = Appeal.objects.filter(
        state=AppealState.OPEN, due_at__lte=Now(), reminded_at=None
    ).order_by("due_at")
    found = list(overdue.select_for_update(no_key=True, skip_locked=True, of=("self",))[:BATCH])
    if not found:
        return 0
    Appeal.objects.filter(pk__in=[each.pk for each in found]).update(reminded_at=Now())
    cases = Case.objects.filter(
        pk__in=[each.case_id for each in found if each.case_id], state=Case.State.OPEN
    )
    was = {case.pk: traits_of(case) for case in cases}
    cases.update(priority=Greatest(F("priority"), URGENT), version=F("version") + 1)
    publish_changes(CaseStep.OPENED, cases.all(), was=was)
    publish_appeals(found, is_overdue=True)
    for appeal in found:
        log.warning("appeal_overdue", appeal_id=str(appeal.id), decision_type=appeal.decision_type)
    return len(found)
