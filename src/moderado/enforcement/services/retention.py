"""Runs of the retention, and the texts of moderation that are older than it allows (ADR 0080).

`chat.services.retaining` carries a run out, and erases messages.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from moderado.core import clock
from moderado.core.database import retry_on_deadlock
from moderado.core.ids import first_id
from moderado.enforcement.models import Appeal, LegalHold
from moderado.enforcement.models import RetentionRun as RetentionRun
from moderado.enforcement.services.holds import block_new_holds
from moderado.enforcement.services.retained_words import ExpiredWords, erase_words_on
from moderado.enforcement.types import AppealState
from moderado.moderation.models import (
    Case,
    ErasableText,
    ModerationLog,
    ShadowResult,
    SuggestedScore,
)

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=35)  # longer than a task may run
EVERY = timedelta(days=1)
BATCH = 200  # records of one transaction

MESSAGES, REJECTED, CASES = "messages", "rejected", "cases"
ANSWERS, SHADOWS, SUGGESTIONS = "answers", "shadows", "suggestions"
KINDS = (MESSAGES, REJECTED, CASES, ANSWERS, SHADOWS, SUGGESTIONS)


def days_of(kind: str) -> int:
    """Return after how many days texts of a kind are erased; 0: never."""
    days: int = settings.RETENTION_DAYS[kind]
    return days


def start_run() -> RetentionRun | None:
    """Begin a run, or return the one that is open. None if all kinds are kept for ever."""
    now = clock.now()
    cutoffs = {
        kind: (now - timedelta(days=days_of(kind))).isoformat() for kind in KINDS if days_of(kind)
    }
    if not cutoffs:
        return None
    try:
        with transaction.atomic():
            return RetentionRun.objects.create(created_at=now, cutoffs=cutoffs)
    except IntegrityError:
        return RetentionRun.objects.filter(ended_at=None).first()


def start_daily_run() -> None:
    """Begin a run if the last one began a day ago."""
    if not RetentionRun.objects.filter(created_at__gt=clock.now() - EVERY).exists():
        start_run()


def claim_run() -> RetentionRun | None:
    """Lease the open run."""
    with transaction.atomic():
        free = RetentionRun.objects.filter(
            Q(lease_until=None) | Q(lease_until__lt=Now()), ended_at=None
        )
        run: RetentionRun | None = free.select_for_update(skip_locked=True, no_key=True).first()
        if run is None:
            return None
        RetentionRun.objects.filter(pk=run.pk).update(
            lease_until=Now() + LEASE, fence=F("fence") + 1
        )
    run.fence += 1
    return run


def save_run(run: RetentionRun, *, is_over: bool) -> None:
    """Store the progress and end the lease; the run itself if it is over."""
    stored: dict[str, Any] = {
        "kind": run.kind, "part": run.part, "after": run.after, "counts": run.counts,
    }  # fmt: skip
    if is_over:
        stored["ended_at"] = Now()
        log.info("retention_ended", **run.counts)
    ours = RetentionRun.objects.filter(pk=run.pk, fence=run.fence, ended_at=None)
    ours.update(lease_until=None, **stored)


def get_run(run_id: UUID) -> RetentionRun:
    """Return a run with its counts."""
    return RetentionRun.objects.get(pk=run_id)


def appealed_among(message_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those messages about which an appeal waits: without them no person can decide it."""
    waiting = Appeal.objects.filter(
        subject_type="message", subject_id__in=message_ids, state=AppealState.OPEN
    )
    return frozenset(waiting.values_list("subject_id", flat=True))


def was_judged(*, before: datetime, revision: str) -> Exists:
    """Return the condition that a message was judged before a moment.

    Args:
        before: The moment.
        revision: The column with the revision that was judged.
    """
    lines = ModerationLog.objects.filter(subject_type="message", id__lt=first_id(before))
    return Exists(lines.filter(subject_id=OuterRef("pk"), revision=OuterRef(revision)))


def ended_cases(before: datetime, after: UUID | None) -> list[UUID]:
    """Return one batch of cases that ended before, by id.

    Args:
        before: The moment.
        after: The last case of the batch before; None for the first batch.
    """
    ended = Case.objects.exclude(state=Case.State.OPEN)
    return _batch(ended.filter(Q(decided_at__lt=before) | Q(closed_at__lt=before)), before, after)


@retry_on_deadlock
@transaction.atomic
def erase_case_texts(case_ids: Sequence[UUID], *, before: datetime) -> int:
    """Erase the texts of cases of `ended_cases`, with the words on them.

    Returns:
        How many texts were erased.
    """
    block_new_holds()
    appealed = Appeal.objects.filter(
        subject_type=OuterRef("subject_type"),
        subject_id=OuterRef("subject_id"),
        state=AppealState.OPEN,
    )
    rows = Case.objects.filter(~_is_held("author"), ~Exists(appealed), pk__in=case_ids)
    free = list(rows.values_list("pk", flat=True))
    erased = _erase(ErasableText.objects.filter(pk__in=free))
    erase_words_on(free, before=before)
    return erased


def expired_words(words: ExpiredWords, before: datetime, after: UUID | None) -> list[UUID]:
    """Return one batch of records without a case whose words are over, as `ended_cases`."""
    return _after(words.rows(before), after)


@retry_on_deadlock
@transaction.atomic
def erase_expired_words(words: ExpiredWords, ids: Sequence[UUID], *, before: datetime) -> int:
    """Erase the words of records of `expired_words`. They are no texts, and count as none."""
    block_new_holds()
    words.erase(words.rows(before).filter(pk__in=ids))
    return 0


def old_answers(before: datetime, after: UUID | None) -> list[UUID]:
    """Return one batch of what providers answered beside their numbers, as `ended_cases`."""
    kinds = (ErasableText.Kind.CALL, ErasableText.Kind.LOG)
    found = ErasableText.objects.filter(kind__in=kinds, content__isnull=False)
    return _batch(found, before, after)


@retry_on_deadlock
@transaction.atomic
def erase_answers(ids: Sequence[UUID]) -> int:
    """Erase what providers answered, and return how many answers were erased."""
    block_new_holds()
    return _erase(ErasableText.objects.filter(~_is_held("author_id"), pk__in=ids))


def old_shadow_results(before: datetime, after: UUID | None) -> list[UUID]:
    """Return one batch of the verdicts of shadows, as `ended_cases`."""
    return _batch(ShadowResult.objects.all(), before, after)


def old_suggestions(before: datetime, after: UUID | None) -> list[UUID]:
    """Return one batch of texts for which other systems suggested scores, as `ended_cases`."""
    return _batch(SuggestedScore.objects.all(), before, after)


@transaction.atomic
def delete_shadow_results(ids: Sequence[UUID]) -> int:
    """Delete verdicts of shadows, and return how many. They contain no text."""
    return ShadowResult.objects.filter(pk__in=ids).delete()[0]


@transaction.atomic
def delete_suggestions(ids: Sequence[UUID]) -> int:
    """Delete texts for which other systems suggested scores, and return how many."""
    return SuggestedScore.objects.filter(pk__in=ids).delete()[0]


def _batch(rows: "QuerySet[Any]", before: datetime, after: UUID | None) -> list[UUID]:
    return _after(rows.filter(id__lt=first_id(before)), after)


def _after(rows: "QuerySet[Any]", after: UUID | None) -> list[UUID]:
    found = rows if after is None else rows.filter(id__gt=after)
    return list(found.order_by("id").values_list("id", flat=True)[:BATCH])


def _erase(texts: QuerySet[ErasableText]) -> int:
    return texts.filter(content__isnull=False).update(
        salt=None, content=None, author_id=None, erased_at=Now()
    )


def _is_held(author: str) -> Exists:
    """Return a condition: a legal hold keeps the subject of a row, or all of its author's."""
    of_author = Q(subject_type="user", subject_id=OuterRef(author))
    held = Q(subject_id=OuterRef("subject_id")) | of_author
    return Exists(LegalHold.objects.filter(held, released_at=None))
