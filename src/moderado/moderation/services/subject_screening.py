"""Judge the texts of subjects that wait: names, which are rare beside messages.

Each step is committed before the next, so that no transaction is open during a call: claim the
texts under a lease, assess them and reserve the calls, make the calls, apply the verdicts. What a
dead worker leaves behind is taken up by the next run after its lease.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from msgspec import structs

from moderado.core.database import retry_on_deadlock
from moderado.moderation.models import SubjectRevision
from moderado.moderation.services import ledger
from moderado.moderation.services.blocked_texts import blocked_among, comparable
from moderado.moderation.services.event_loop import provider_loop
from moderado.moderation.services.policy_lookup import in_force
from moderado.moderation.services.screening import Prepared, call_provider, conclude, prepare
from moderado.moderation.services.subjects import apply_verdict, content_of, lock_subject
from moderado.moderation.types import Content, Failure, Outcome, Reason, Verdict

log = structlog.get_logger(__name__)

BUDGET = 8.0  # seconds in which one run takes up texts
BATCH = 20
MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=12)  # longer than a call may take
LONGEST_PAUSE = 60.0  # seconds between two attempts

Status = SubjectRevision.Status

_GIVEN_UP = Verdict(outcome=Outcome.HOLD, reason=Reason.UNJUDGED, decided_by="attempts")
_BLOCKED_BEFORE = Verdict(outcome=Outcome.HOLD, reason=Reason.REVIEW, decided_by="blocked_before")


def screen_waiting() -> bool:
    """Judge the texts that wait and that no other worker has leased.

    Returns:
        True when nothing waits any more, False when `BUDGET` was not enough.
    """
    deadline = time.monotonic() + BUDGET
    while time.monotonic() < deadline:
        rows = _claim()
        if not rows:
            return True
        given_up = [row for row in rows if row.attempts > MAX_ATTEMPTS]
        for row in given_up:
            log.error("subject_given_up", subject_id=str(row.subject_id), revision=row.revision)
            _apply(row, _GIVEN_UP)
        _judge([row for row in rows if row not in given_up])
    return False


def _claim() -> list[SubjectRevision]:
    """Lease waiting texts and count the attempt. One that failed before is judged alone."""
    with transaction.atomic():
        waiting = (
            SubjectRevision.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
            .filter(Q(lease_until=None) | Q(lease_until__lt=Now()), queued_at__isnull=False)
            .order_by("attempts", "queued_at", "id")
        )
        rows = list(waiting[:BATCH])
        if any(row.attempts for row in rows):
            fresh = [row for row in rows if not row.attempts]
            rows = fresh or rows[:1]
        SubjectRevision.objects.filter(pk__in=[row.pk for row in rows]).update(
            lease_until=Now() + LEASE, fence=F("fence") + 1, attempts=F("attempts") + 1
        )
    for row in rows:
        row.fence += 1
        row.attempts += 1
    return rows


def _judge(rows: Sequence[SubjectRevision]) -> None:
    with transaction.atomic():
        prepared = prepare([_content(row) for row in rows])
    _ask(prepared)
    for row, each in zip(rows, prepared, strict=True):
        pause = _pause(row, each)
        if pause is None:
            _apply(row, _restricted(row, conclude(each)))
        else:
            SubjectRevision.objects.filter(pk=row.pk, fence=row.fence).update(
                lease_until=Now() + timedelta(seconds=pause)
            )


def _content(row: SubjectRevision) -> Content:
    """Return the text under the policy in force for its room, or for the server."""
    return structs.replace(content_of(row), policy=in_force(scope_id=row.scope_id))


def _ask(prepared: Sequence[Prepared]) -> None:
    """Make the reserved calls at the same time, and record each answer before it is used."""
    calls = [(each, call) for each in prepared for call in each.calls]
    futures = [
        asyncio.run_coroutine_threadsafe(call_provider(call), provider_loop()) for _, call in calls
    ]
    answers = [future.result() for future in futures]
    if answers:
        ledger.settle((call, answer) for (_, call), answer in zip(calls, answers, strict=True))
    for (each, _), answer in zip(calls, answers, strict=True):
        each.answers.append(answer)


def _pause(row: SubjectRevision, prepared: Prepared) -> float | None:
    """Return the seconds until the next attempt; None if the text is to be decided now."""
    failures = [each for each in prepared.answers if isinstance(each, Failure)]
    pauses = [each.retry_after for each in failures if each.retry_after is not None]
    if not pauses or prepared.is_blocked or row.attempts >= MAX_ATTEMPTS:
        return None
    return max(pauses) if max(pauses) <= LONGEST_PAUSE else None


@retry_on_deadlock
@transaction.atomic
def _apply(row: SubjectRevision, verdict: Verdict) -> None:
    """Apply a verdict, unless the text was replaced or another worker has taken over."""
    lock_subject(row.subject_type, row.subject_id)
    current = SubjectRevision.objects.filter(
        pk=row.pk, fence=row.fence, status=Status.PENDING
    ).first()
    if current is None:
        log.info("verdict_superseded", subject_id=str(row.subject_id), revision=row.revision)
        return
    apply_verdict(current, verdict)


def _restricted(row: SubjectRevision, verdict: Verdict) -> Verdict:
    """Return the verdict, or at least a hold for a text that a person blocked before."""
    is_shown = verdict.outcome.severity < Outcome.HOLD.severity
    return _BLOCKED_BEFORE if is_shown and _was_blocked(row) else verdict


def _was_blocked(row: SubjectRevision) -> bool:
    """Tell whether a person blocked this text before: for this subject, or by this author.

    It does not matter of what kind the author's other subject is. A room's messages count, too.
    """
    same = Q(subject_type=row.subject_type, subject_id=row.subject_id)
    if row.author_id is not None:
        same |= Q(author_id=row.author_id)
        if blocked_among(scope_id=row.subject_id, author_id=row.author_id, texts=[row.text]):
            return True
    blocked = SubjectRevision.objects.filter(same, status=Status.REJECTED, reason=Reason.MODERATOR)
    texts = blocked.values_list("text", flat=True)
    return comparable(row.text) in set(map(comparable, texts))
