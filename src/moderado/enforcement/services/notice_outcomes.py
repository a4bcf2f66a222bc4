"""Stores what cases led to in their notices, and notifies the notifiers by e-mail."""

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now

from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.enforcement.events import RulingSettled
from moderado.enforcement.models import Notice
from moderado.enforcement.services.notice_mails import queue_mail, withdraw_outcomes
from moderado.enforcement.services.report_outcomes import takes_action
from moderado.enforcement.services.subject_locks import has_ended
from moderado.enforcement.types import NOTICE, ContentOutcome, MailKind, NoticeOutcome, NoticeState
from moderado.moderation.events import CasesChanged, CaseStep
from moderado.moderation.models import Case
from moderado.moderation.recommendations import URGENT
from moderado.moderation.services.case_events import publish_changes, traits_of

log = structlog.get_logger(__name__)

BATCH = 100


def on_ruling_settled(event: RulingSettled) -> None:
    """Decide the notices of a case, or change their outcome after a reversal.

    Requires a transaction. No notifier gets an e-mail about a ruling that was undone, or of one
    that was reversed before: the reversal may be settled first.
    """
    require_transaction()
    if event.was_reversed:
        return
    if event.content == ContentOutcome.HOLD:  # the case was opened again
        theirs = Notice.objects.filter(case=event.case_id, ruling=event.reverses_id)
        theirs = theirs.filter(state=NoticeState.DECIDED)
        if has_ended(event.case_id):
            _decide(theirs, outcome=NoticeOutcome.UNAVAILABLE, ruling=None)
        else:
            _reopen(theirs)
        return
    outcome = NoticeOutcome.ACTION if takes_action(event) else NoticeOutcome.NO_ACTION
    if event.subject_type == NOTICE and outcome is NoticeOutcome.NO_ACTION:
        outcome = NoticeOutcome.UNAVAILABLE  # as for content that was deleted: no oracle
    theirs = Notice.objects.filter(case=event.case_id)
    _decide(
        theirs.exclude(state=NoticeState.DECIDED, outcome__in=(outcome, NoticeOutcome.UNAVAILABLE)),
        outcome=outcome,
        ruling_id=event.ruling_id,
    )


def on_cases_changed(event: CasesChanged) -> None:
    """Decide the notices of cases whose subject ended before a decision.

    They are open again if the subject comes back.
    """
    closed = [each.case_id for each in event.changes if each.step is CaseStep.CLOSED]
    if closed:
        waiting = Notice.objects.filter(case__in=closed, state=NoticeState.OPEN)
        _decide(waiting, outcome=NoticeOutcome.UNAVAILABLE)
    returned = [each.case_id for each in event.changes if each.step is CaseStep.RETURNED]
    if returned:
        ended = Notice.objects.filter(case__in=returned, state=NoticeState.DECIDED, ruling=None)
        _reopen(ended.filter(outcome=NoticeOutcome.UNAVAILABLE))


@retry_on_deadlock
@transaction.atomic
def remind_of_notices() -> int:
    """Mark overdue notices, log them, and make their cases urgent. Each notice once.

    Returns:
        How many were marked.
    """
    overdue = Notice.objects.filter(state=NoticeState.OPEN, due_at__lte=Now(), reminded_at=None)
    rows = overdue.order_by("due_at").select_for_update(no_key=True, skip_locked=True, of=("self",))
    found = list(rows[:BATCH])
    if not found:
        return 0
    Notice.objects.filter(pk__in=[each.pk for each in found]).update(reminded_at=Now())
    cases = Case.objects.filter(pk__in=[each.case_id for each in found], state=Case.State.OPEN)
    was = {case.pk: traits_of(case) for case in cases}
    cases.update(priority=Greatest(F("priority"), URGENT), version=F("version") + 1)
    publish_changes(CaseStep.OPENED, cases.all(), was=was)
    for notice in found:
        log.warning("notice_overdue", notice_id=str(notice.id))
    return len(found)


def _reopen(notices: "QuerySet[Notice]") -> None:
    """Open notices again whose case is open again; e-mails of the old outcome are not sent."""
    ids = _locked_ids(notices)
    Notice.objects.filter(pk__in=ids).update(
        state=NoticeState.OPEN, outcome="", ruling=None, decided_at=None
    )
    withdraw_outcomes(ids)


def _decide(notices: "QuerySet[Notice]", **columns: object) -> None:
    ids = _locked_ids(notices)
    Notice.objects.filter(pk__in=ids).update(state=NoticeState.DECIDED, decided_at=Now(), **columns)
    for notice_id in ids:
        queue_mail(notice_id, MailKind.OUTCOME)


def _locked_ids(notices: "QuerySet[Notice]") -> list[UUID]:
    locked = notices.select_for_update(of=("self",), no_key=True).order_by("id")
    return list(locked.values_list("id", flat=True))
