"""Runs evaluations in slices, so that a worker soon returns to the messages that wait.

A slice leases an evaluation, continues from its checkpoint, and stores checkpoint and results in
one statement under its fence. A worker that dies loses one slice: the next one repeats it from the
stored checkpoint after the lease. Nothing is counted twice. A cancelled evaluation has another
fence, so that a slice that still runs stores nothing.
"""

from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from moderado.core.errors import ApplicationError
from moderado.core.interrupts import is_interrupt
from moderado.core.slices import steps_of_slice
from moderado.moderation.evaluation.steps import Step
from moderado.moderation.models import Evaluation
from moderado.moderation.services.evaluation_kinds import KINDS
from moderado.moderation.services.evaluations import OPEN

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=35)  # longer than a task may run
MAX_ATTEMPTS = 5
PAUSE = 2.0  # seconds after a failed slice, multiplied by the attempt

State = Evaluation.State


def run_slice(evaluation_id: UUID | None = None) -> bool:
    """Run one slice of the oldest open evaluation, or of this one.

    One evaluation runs at a time: while another worker has a lease, nothing is done.

    Returns:
        Whether a slice was run: then there may be more to do.
    """
    evaluation = _claim(evaluation_id)
    if evaluation is None:
        return False
    if evaluation.attempts > MAX_ATTEMPTS:
        _end(evaluation, State.FAILED, error="gave_up")
        return True
    try:
        step = _advance(evaluation)
    except ApplicationError as refusal:
        _end(evaluation, State.FAILED, error=refusal.code)
    except Exception as error:
        _postpone(evaluation)
        if is_interrupt(error):
            raise
        log.exception("evaluation_slice_failed", evaluation_id=str(evaluation.id))
    else:
        _save(evaluation, step)
    return True


def has_work() -> bool:
    """Tell whether an evaluation waits without a lease."""
    return bool(_free().exists())


def _free() -> Any:
    return Evaluation.objects.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), state__in=OPEN)


def _claim(evaluation_id: UUID | None) -> Evaluation | None:
    """Lease an evaluation and count the attempt."""
    with transaction.atomic():
        if Evaluation.objects.filter(state=State.RUNNING, lease_until__gte=Now()).exists():
            return None
        free = _free().select_for_update(of=("self",), skip_locked=True, no_key=True)
        if evaluation_id is not None:
            free = free.filter(pk=evaluation_id)
        evaluation: Evaluation | None = free.order_by("created_at", "id").first()
        if evaluation is None:
            return None
        Evaluation.objects.filter(pk=evaluation.pk).update(
            state=State.RUNNING,
            started_at=Coalesce("started_at", Now()),
            lease_until=Now() + LEASE,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
        )
    evaluation.fence += 1
    evaluation.attempts += 1
    return evaluation


def _advance(evaluation: Evaluation) -> Step:
    """Run until the time is over or the end is reached; return the last step."""
    steps = KINDS[evaluation.kind].run(evaluation, evaluation.checkpoint)
    step = next(steps)
    for _ in islice(steps_of_slice(), 1, None):  # the first one is taken
        if step.is_last:
            break
        step = next(steps)
    return step


def _ours(evaluation: Evaluation) -> Any:
    return Evaluation.objects.filter(pk=evaluation.pk, fence=evaluation.fence, state=State.RUNNING)


def _save(evaluation: Evaluation, step: Step) -> None:
    stored: dict[str, Any] = {
        "done": step.done,
        "total": step.total,
        "checkpoint": step.state,
        "results": step.results,
        "lease_until": None,
        "attempts": 0,
    }
    if step.is_last:
        stored |= {"state": State.DONE, "ended_at": Now(), "checkpoint": {}}
    if not _ours(evaluation).update(**stored):
        log.info("evaluation_slice_superseded", evaluation_id=str(evaluation.id))
    elif step.is_last:
        log.info("evaluation_done", evaluation_id=str(evaluation.id), kind=evaluation.kind)


def _end(evaluation: Evaluation, state: str, *, error: str) -> None:
    _ours(evaluation).update(state=state, error=error, ended_at=Now(), lease_until=None)
    log.error("evaluation_failed", evaluation_id=str(evaluation.id), error=error)


def _postpone(evaluation: Evaluation) -> None:
    pause = timedelta(seconds=PAUSE * evaluation.attempts)
    _ours(evaluation).update(state=State.QUEUED, lease_until=Now() + pause)
