"""Members report messages, persons and rooms. All reports of one subject share a case."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from moderado.accounts.services.accounts import active_account
from moderado.accounts.services.client_keys import first_result, is_known
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import NotFound, RateLimited
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.newcomers import NewcomerLimited, is_newcomer, newcomer_until
from moderado.core.text import clean
from moderado.enforcement.appeal_terms import appeal_end
from moderado.enforcement.errors import OwnContent, ReportingSuspended, TextReplaced
from moderado.enforcement.labels import OTHER
from moderado.enforcement.models import Report, ReportingSuspension
from moderado.enforcement.selectors.reports import current_suspension, reporter_record
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.person_changes import record_changes
from moderado.enforcement.services.report_subjects import Reported, reported
from moderado.enforcement.types import OwnThing, ReportState, Restriction
from moderado.moderation.events import ReviewStarted
from moderado.moderation.models import Case

log = structlog.get_logger(__name__)

COMMENT_LENGTH = 1_000
_DAY = timedelta(days=1)
_MOST = 0.99  # of the score: reports alone never claim certainty


@retry_on_deadlock
@transaction.atomic
def report(  # noqa: PLR0913  (what a report consists of)
    *,
    reporter_id: UUID,
    subject_type: str,
    subject_id: UUID,
    category: str,
    comment: str = "",
    client_id: str | None = None,
    revision: int | None = None,
) -> tuple[Report, bool]:
    """Report a message, a person or a room.

    A repeat is recognized before anything else and returns the first report: of a text for ever,
    of a person or a room until it is decided. With a `client_id` whatever came since: an edit that
    was published meanwhile is not what the member reported.

    Args:
        reporter_id: The member who reports.
        subject_type: `message`, `person` or `room`.
        subject_id: The subject.
        category: A code of `labels.REPORT_CATEGORIES`.
        comment: For moderators, at most 1,000 characters.
        client_id: The reporter's own id of the report, for repeats.
        revision: Of the text that the reporter saw: for a time also after its author has edited
            or deleted it (ADR 0136). None: of the text that is shown now.

    Returns:
        The report, and whether it is new.

    Raises:
        Conflict: `client_id` was used for another report.
        NotFound: There is no such subject, or the reporter may not read it.
        TextReplaced: `revision` was never shown, or not lately, and another one is now: the case
            would be about a text that the reporter has not seen.
        OwnContent: It is the reporter's own.
        NotAuthenticated: The reporter was deactivated meanwhile.
        ReportingSuspended: The reporter may not report for a time.
        RateLimited: The reporter has made `REPORTS_PER_DAY` reports within 24 h; a new account
            `NEWCOMER_REPORTS_PER_DAY`.
        Invalid: The comment.
    """
    # Serializes the reports of one member, so that repeats and limits hold.
    active_account(reporter_id, is_locked=True)
    key: dict[str, Any] = {"owner_id": reporter_id, "kind": "report", "client_id": client_id}
    content = [subject_type, subject_id, category, comment]
    sent = {**key, "content": content if revision is None else [*content, revision]}
    if is_known(**key):
        first_id = first_result(**sent, result_id=new_id())
        assert first_id is not None
        return Report.objects.get(pk=first_id), False
    about: dict[str, Any] = {"subject_type": subject_type, "subject_id": subject_id}
    subject = reported(reporter_id=reporter_id, **about, revision=revision)
    own = Report.objects.filter(reporter=reporter_id, **about)
    if (first := _repeat(own, subject, revision)) is not None:
        return first, False
    subject = _as_seen(subject, revision)
    if subject.author_id == reporter_id:
        raise OwnContent
    comment = clean(comment, max_length=COMMENT_LENGTH, field="comment") if comment.strip() else ""
    _check_may_report(reporter_id)
    new = Report(
        reporter_id=reporter_id,
        subject_type=subject_type,
        subject_id=subject_id,
        category=category,
        comment=comment,
    )
    _store(new, revision)
    first_result(**sent, result_id=new.id)
    return new, True


def _store(new: Report, seen: int | None) -> None:
    """Store a report of what its reporter sees now, and has seen, with its case."""
    publish(ReviewStarted(subject_type=new.subject_type, subject_id=new.subject_id))
    # Read again under the lock: the text may have changed since.
    subject = reported(
        reporter_id=new.reporter_id,
        subject_type=new.subject_type,
        subject_id=new.subject_id,
        revision=seen,
    )
    subject = _as_seen(subject, seen)
    new.revision, new.scope_id = subject.revision, subject.scope_id
    new.weight = reporter_record(new.reporter_id).weight
    new.case = _case_for(new, subject)
    new.save(force_insert=True)
    record_changes([(new.reporter_id, OwnThing.REPORT, new.id)])
    log.info(
        "reported",
        report_id=str(new.id),
        subject_type=new.subject_type,
        category=new.category,
    )


def _as_seen(subject: Reported | None, seen: int | None) -> Reported:
    if subject is None:
        raise NotFound
    if seen is not None and seen != subject.revision:
        raise TextReplaced
    return subject


def _repeat(own: "QuerySet[Report]", subject: Reported | None, seen: int | None) -> Report | None:
    newest = own.order_by("-created_at", "-id")
    if subject is None:
        return newest.first()
    same = newest.filter(revision=seen or subject.revision)
    if subject.scope_id is None:
        same = same.filter(state=ReportState.OPEN)
    return same.first()


def _check_may_report(reporter_id: UUID) -> None:
    suspension = current_suspension(reporter_id)
    if suspension is not None:
        raise ReportingSuspended(_restriction(suspension))
    recent = Report.objects.filter(reporter=reporter_id, created_at__gt=Now() - _DAY)
    made = recent.order_by("created_at").annotate(frees_in=F("created_at") + _DAY - Now())
    is_new = is_newcomer(reporter_id)
    env = settings.ENV
    most = min(env.newcomer_reports_per_day, env.reports_per_day) if is_new else env.reports_per_day
    frees_in = list(made.values_list("frees_in", flat=True)[:most])
    if len(frees_in) < most:
        return
    wait = int(frees_in[0].total_seconds()) + 1
    if is_new:
        raise NewcomerLimited(retry_after=wait, until=newcomer_until(reporter_id))
    raise RateLimited(retry_after=wait)


def _restriction(suspension: ReportingSuspension) -> Restriction:
    return Restriction(
        kind="suspension",
        until=suspension.ends_at,
        reason=suspension.reason,
        note=suspension.public_note,
        decision=suspension.id,
        appeal_until=appeal_end(suspension.created_at),
    )


def _case_for(new: Report, subject: Reported) -> Case:
    """Return the case of the subject: each report adds to its score, by its reporter's record."""
    others = Report.objects.filter(
        subject_type=new.subject_type,
        subject_id=new.subject_id,
        revision=new.revision,
        state=ReportState.OPEN,
    )
    doubt = 1 - new.weight
    for weight in others.values_list("weight", flat=True):
        doubt *= 1 - weight
    return open_or_join(
        subject_type=new.subject_type,
        subject_id=new.subject_id,
        revision=new.revision,
        scope_id=subject.scope_id,
        author_id=subject.author_id,
        origin=Case.Origin.REPORT,
        categories=[] if new.category == OTHER else [new.category],
        text=subject.text,
        score=min(1 - doubt, _MOST),
        reporter_id=new.reporter_id,
    )
