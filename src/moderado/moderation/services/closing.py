"""Close cases whose subject ended before a moderator decided.

The owner of a subject calls this in the transaction that replaces or deletes it (ADR 0038). What
members have reported can be decided all the same: an author ends no report (ADR 0136). Lock order:
the subject, its cases, then rooms.
"""

from collections.abc import Collection
from uuid import UUID

import structlog
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from moderado.core.database import require_transaction
from moderado.moderation.events import CaseStep
from moderado.moderation.models import Case
from moderado.moderation.services.case_events import publish_changes, traits_of
from moderado.moderation.types import CloseReason

log = structlog.get_logger(__name__)

_ATTEMPTS = 3
_REPORT = Case.Origin.REPORT
_REPORTED = Q(origin=_REPORT) | Q(joined_origins__contains=[_REPORT])


def close_cases(
    *,
    subject_type: str,
    subject_id: UUID,
    reason: CloseReason,
    revisions: Collection[int] | None = None,
    ends_reports: bool = True,
) -> None:
    """Close the open cases of a subject, or of some of its revisions.

    Requires a transaction that holds the lock of the subject.

    Args:
        subject_type: The type of the subject.
        subject_id: The subject.
        reason: Why they end.
        revisions: Those that have ended; None for all.
        ends_reports: Whether cases with reports end, too.
    """
    require_transaction()
    cases = Case.objects.filter(subject_type=subject_type, subject_id=subject_id)
    if revisions is not None:
        cases = cases.filter(revision__in=revisions)
    if not ends_reports:
        cases = cases.exclude(_REPORTED)
    if closed := _close(cases, reason):
        log.info("cases_closed", subject_id=str(subject_id), reason=reason.value, cases=closed)


def close_cases_of_erased(*, subject_type: str, subject_ids: Collection[UUID]) -> None:
    """Close all open cases of subjects whose texts are erased: there is nothing left to judge.

    Requires a transaction that holds the locks of the subjects.
    """
    require_transaction()
    cases = Case.objects.filter(subject_type=subject_type, subject_id__in=subject_ids)
    if closed := _close(cases, CloseReason.DELETED):
        log.info("cases_of_erased_closed", cases=closed)


def close_cases_of_scope(
    *,
    scope_id: UUID,
    own_type: str,
    reason: CloseReason,
    kept_type: str,
    kept: Collection[UUID] = (),
) -> frozenset[UUID]:
    """Close the open cases in and about a room that ends, but not those of the subjects `kept`.

    Requires a transaction. A case about the room itself has `own_type` as the type of its subject.
    What members have reported, of `kept_type`, is handed over to the moderators of the server.

    The room is locked already, so this waits for no case: that could be a deadlock. A case that
    a moderator claims at this moment is tried again. One on which a moderator rules is left to the
    ruling.

    Returns:
        The subjects of the closed cases.
    """
    require_transaction()
    about = Q(subject_type=own_type, subject_id=scope_id)
    cases = Case.objects.filter(Q(scope_id=scope_id) | about).exclude(subject_id__in=kept)
    _hand_over(cases.filter(_REPORTED, subject_type=kept_type))
    cases = cases.exclude(_REPORTED & Q(subject_type=kept_type))
    subjects: set[UUID] = set()
    closed = 0
    for _ in range(_ATTEMPTS):
        free = cases.filter(state=Case.State.OPEN).select_for_update(skip_locked=True, no_key=True)
        found = list(free.only("subject_id"))
        closed += _close(Case.objects.filter(pk__in=[case.pk for case in found]), reason)
        subjects.update(case.subject_id for case in found)
        if not cases.filter(state=Case.State.OPEN).exists():
            break
    if closed:
        log.info("cases_closed", scope_id=str(scope_id), reason=reason.value, cases=closed)
    return frozenset(subjects)


def is_handed_over(subject_type: str) -> Q:
    """Return the condition of reported cases of ended rooms that the server's moderators decide."""
    return _REPORTED & Q(subject_type=subject_type, escalated_at__isnull=False)


def merge_case(*, case: Case, into: Case) -> None:
    """Close an open case because an earlier case of its revision is about to be opened again.

    The earlier case takes over what points at the subject, and the place in the queue.

    Requires a transaction that holds the locks of the subject and of both cases.
    """
    require_transaction()
    origins = {*into.joined_origins, case.origin, *case.joined_origins} - {into.origin}
    Case.objects.filter(pk=into.pk).update(
        joined_origins=sorted(origins),
        categories=sorted({*into.categories, *case.categories}),
        score=max(into.score, case.score),
        priority=max(into.priority, case.priority),
    )
    _close(Case.objects.filter(pk=case.pk), CloseReason.MERGED)


def reopen_case(*, subject_type: str, subject_id: UUID, revision: int) -> None:
    """Open the case of a replaced revision again, because the revision has returned.

    Requires a transaction that holds the lock of the subject.
    """
    require_transaction()
    same = Case.objects.filter(subject_type=subject_type, subject_id=subject_id, revision=revision)
    _return(same.filter(close_reason=CloseReason.REPLACED))


def open_cases_of(*, subject_type: str, subject_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the ids of open cases, as text, by their subject."""
    found: dict[UUID, list[str]] = {}
    cases = Case.objects.filter(
        subject_type=subject_type, subject_id__in=subject_ids, state=Case.State.OPEN
    )
    for case_id, subject_id in cases.values_list("pk", "subject_id"):
        found.setdefault(subject_id, []).append(str(case_id))
    return found


def reopen_cases(*, case_ids: Collection[str]) -> None:
    """Open cases again that were closed because their subject was deleted: it has come back.

    Requires a transaction that holds the locks of the subjects.
    """
    require_transaction()
    _return(Case.objects.filter(pk__in=case_ids, close_reason=CloseReason.DELETED))


def _hand_over(cases: "QuerySet[Case]") -> None:
    """Escalate open cases. One that is locked at this moment is left to the task."""
    waiting = cases.filter(state=Case.State.OPEN, escalated_at=None)
    found = list(waiting.select_for_update(of=("self",), skip_locked=True, no_key=True))
    Case.objects.filter(pk__in=[case.pk for case in found]).update(
        escalated_at=Now(),
        snoozed_until=None,
        claimed_by=None,
        claimed_until=None,
        version=F("version") + 1,
    )
    was = {case.pk: traits_of(case) for case in found}
    publish_changes(CaseStep.ESCALATED, found, was=was)


def _return(cases: "QuerySet[Case]") -> None:
    same = {name: OuterRef(name) for name in ("subject_type", "subject_id", "revision")}
    is_reported = Exists(Case.objects.filter(**same, state=Case.State.OPEN))  # meanwhile
    closed = cases.filter(~is_reported, state=Case.State.CLOSED)
    returned = list(closed.only("scope_id", "author_id", "origin"))
    closed.update(state=Case.State.OPEN, close_reason="", closed_at=None, version=F("version") + 1)
    publish_changes(CaseStep.RETURNED, returned)


def _close(cases: "QuerySet[Case]", reason: CloseReason) -> int:
    is_open = cases.filter(state=Case.State.OPEN)
    ended = list(is_open.only("scope_id", "author_id", "origin"))
    if not ended:
        return 0
    publish_changes(CaseStep.CLOSED, ended)
    return is_open.update(
        state=Case.State.CLOSED,
        close_reason=reason,
        closed_at=Now(),
        claimed_by=None,
        claimed_until=None,
        version=F("version") + 1,
    )
