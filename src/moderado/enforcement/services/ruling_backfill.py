"""Gives a ruling to each case that was decided before there were rulings.

A beat task works in batches while the server is used. The previous release may decide cases until
it is stopped, so a second pass follows an hour after the first (ADR 0084).
"""

import time
from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from moderado.core.database import retry_on_deadlock
from moderado.enforcement.models import Backfill, Ruling
from moderado.enforcement.types import CONTENT_OF
from moderado.enforcement.written_reasons import REASON_LENGTH
from moderado.moderation.models import Case
from moderado.moderation.texts import with_texts
from moderado.moderation.types import Outcome

log = structlog.get_logger(__name__)

NAME = "rulings_of_decided_cases"
PASSES = 2
PAUSE = timedelta(hours=1)
BATCH = 200  # cases of one transaction


def backfill_rulings(*, seconds: float) -> None:
    """Continue for so long. Nothing is left to do once both passes have ended."""
    if Backfill.objects.filter(name=NAME, finished_at__isnull=False).exists():
        return
    Backfill.objects.bulk_create([Backfill(name=NAME)], ignore_conflicts=True)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and _next_batch():
        continue


@retry_on_deadlock
@transaction.atomic
def _next_batch() -> bool:
    """Add the rulings of the next cases; return whether there may be more."""
    due = Backfill.objects.filter(Q(next_at=None) | Q(next_at__lte=Now()), name=NAME)
    progress = due.filter(finished_at=None).select_for_update(skip_locked=True, no_key=True).first()
    if progress is None:
        return False
    has_ruling = Exists(Ruling.objects.filter(case=OuterRef("pk")))
    cases = Case.objects.filter(~has_ruling, state=Case.State.DECIDED).order_by("id")
    if progress.after_id is not None:
        cases = cases.filter(id__gt=progress.after_id)
    found = with_texts(list(cases[:BATCH]))
    Ruling.objects.bulk_create(map(_ruling_of, found))
    progress.rows += len(found)
    _advance(progress, found)
    return len(found) == BATCH


def _advance(progress: Backfill, found: Sequence[Case]) -> None:
    if len(found) == BATCH:
        progress.after_id = found[-1].pk
        progress.save(update_fields=["after_id", "rows"])
        return
    progress.passes += 1
    is_over = progress.passes >= PASSES
    Backfill.objects.filter(pk=progress.pk).update(
        after_id=None,
        rows=progress.rows,
        passes=progress.passes,
        next_at=None if is_over else Now() + PAUSE,
        finished_at=Now() if is_over else None,
    )
    log.info("rulings_backfilled", passes=progress.passes, rulings=progress.rows)


def _ruling_of(case: Case) -> Ruling:
    """Return the ruling that a decided case stands for. Its people were notified then."""
    decided_at = case.decided_at or case.created_at
    return Ruling(
        created_at=decided_at,
        case=case,
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        revision=case.revision,
        scope_id=case.scope_id,
        author_id=case.author_id,
        content=CONTENT_OF[Outcome(case.outcome)],
        reason=case.reason[:REASON_LENGTH],
        # An erasure finds notes by the author of the text.
        private_note=case.note if case.author_id is not None else "",
        actor_id=case.decided_by_id,
        effective_at=decided_at,
        undo_until=decided_at,
        settled_at=decided_at,
    )
