"""Stores what a case led to in the reports that share it, and notifies the reporters."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.enforcement.events import PersonNotice, PersonNotified, RulingSettled
from moderado.enforcement.models import Report, Sanction
from moderado.enforcement.selectors.reports import report_views
from moderado.enforcement.services.person_changes import record_changes
from moderado.enforcement.services.subject_locks import has_ended
from moderado.enforcement.types import ContentOutcome, OwnThing, ReportOutcome, ReportState
from moderado.moderation.events import CasesChanged, CaseStep


def on_ruling_settled(event: RulingSettled) -> None:
    """Decide the reports of a case, or change their outcome after a reversal.

    Requires a transaction. No reporter gets a notice of a ruling that was undone, or of one that
    was reversed before: the reversal may be settled first.
    """
    require_transaction()
    if event.was_reversed:
        return
    if event.content == ContentOutcome.HOLD:  # the case was opened again
        theirs = Report.objects.filter(case=event.case_id, ruling=event.reverses_id)
        theirs = theirs.filter(state=ReportState.DECIDED)
        if has_ended(event.case_id):
            _end(theirs)
        else:
            _reopen(theirs)
        return
    is_action = takes_action(event)
    is_neutral = event.content == ContentOutcome.KEEP_FLAGGED and not is_action
    decide_reports(
        Report.objects.filter(case=event.case_id).exclude(state=ReportState.CLOSED),
        outcome=ReportOutcome.ACTION if is_action else ReportOutcome.NO_ACTION,
        is_upheld=None if is_neutral else is_action,
        ruling_id=event.ruling_id,
    )


def takes_action(event: RulingSettled) -> bool:
    """Tell whether a ruling removes the content or imposes a sanction."""
    has_measures = Sanction.objects.filter(ruling=event.ruling_id).exists()
    return event.content == ContentOutcome.REMOVE or has_measures


def on_cases_changed(event: CasesChanged) -> None:
    """Close the reports of cases whose subject ended before a decision.

    They are open again if the subject comes back.
    """
    closed = [each.case_id for each in event.changes if each.step is CaseStep.CLOSED]
    if closed:
        _end(Report.objects.filter(case__in=closed, state=ReportState.OPEN))
    returned = [each.case_id for each in event.changes if each.step is CaseStep.RETURNED]
    if returned:
        _reopen(Report.objects.filter(case__in=returned, state=ReportState.CLOSED))


def decide_reports(
    reports: "QuerySet[Report]",
    *,
    outcome: ReportOutcome,
    is_upheld: bool | None,
    ruling_id: UUID,
) -> None:
    """Store what reports led to, and tell the reporters to whom this is new.

    A later ruling with the same outcome is the one that holds, and that can be appealed.

    Requires a transaction.
    """
    require_transaction()
    reports.filter(state=ReportState.DECIDED, outcome=outcome).update(ruling=ruling_id)
    _change(
        reports.exclude(state=ReportState.DECIDED, outcome=outcome),
        state=ReportState.DECIDED,
        outcome=outcome,
        is_upheld=is_upheld,
        ruling_id=ruling_id,
        decided_at=Now(),
    )


def _reopen(reports: "QuerySet[Report]") -> None:
    """Open reports again whose case is open again.

    Their rows are locked first: a later ruling may be settling at this moment, and its outcome
    holds.
    """
    locked = reports.select_for_update(no_key=True).order_by("id")
    reopened = list(locked.values_list("reporter_id", "id"))
    Report.objects.filter(pk__in=[report_id for _, report_id in reopened]).update(
        state=ReportState.OPEN, outcome="", is_upheld=None, ruling=None, decided_at=None
    )
    record_changes([(person, OwnThing.REPORT, report_id) for person, report_id in reopened])


def _end(reports: "QuerySet[Report]") -> None:
    """Close reports whose subject has ended: no ruling decides them."""
    _change(
        reports,
        state=ReportState.CLOSED,
        outcome="",
        is_upheld=None,
        ruling=None,
        decided_at=Now(),
    )


def _change(reports: "QuerySet[Report]", **columns: object) -> None:
    ids = list(reports.select_for_update(no_key=True).order_by("id").values_list("id", flat=True))
    if ids:
        Report.objects.filter(pk__in=ids).update(**columns)
        _notify(Report.objects.filter(pk__in=ids).order_by("id"))


def _notify(reports: Iterable[Report]) -> None:
    changed = list(reports)
    for report, view in zip(changed, report_views(changed), strict=True):
        publish(
            PersonNotified(
                user_id=report.reporter_id, notice=PersonNotice.REPORT_DECIDED, body=view
            )
        )
