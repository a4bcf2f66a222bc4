"""Celery tasks of moderation. They take no arguments and make one service call."""

from celery import shared_task

from moderado.core.wakeup import Wakeup
from moderado.moderation.services import (
    evaluation_runs,
    sealing,
    shadow_runs,
    subject_screening,
)

# Seconds. The soft limit exceeds the time for new work plus the longest provider timeout.
SOFT_LIMIT = 20
HARD_LIMIT = 30


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def screen_subjects() -> None:
    """Judge the names and other texts that wait; enqueue another task if time was short.

    Beat enqueues it too, for texts whose wake-up was lost or whose worker died.
    """
    wakeup.acknowledge()
    if not subject_screening.screen_waiting():
        wakeup.notify()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_shadows() -> None:
    """Compare a sample of the decided texts with what shadows say."""
    shadow_runs.run_shadows()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_evaluations() -> None:
    """Run a slice of an evaluation, and enqueue another task behind the work of others.

    Beat enqueues it too, for evaluations whose wake-up was lost or whose worker died.
    """
    evaluation_wakeup.acknowledge()
    if evaluation_runs.run_slice() and evaluation_runs.has_work():
        evaluation_wakeup.notify()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def seal_log() -> None:
    """Seal the lines of the moderation log that are old enough. Beat enqueues it."""
    sealing.seal_log()


def _send() -> None:
    screen_subjects.apply_async(retry=False)


wakeup = Wakeup(name="subjects", send=_send)


def _send_evaluations() -> None:
    run_evaluations.apply_async(retry=False)


evaluation_wakeup = Wakeup(name="evaluations", send=_send_evaluations)
