"""Celery tasks of the chat. They take no arguments and make one service call."""

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from moderado.chat.services import deleted_rooms, erasing, exporting, purging, retaining, screening
from moderado.core import interrupts
from moderado.core.wakeup import Wakeup

# Seconds. The soft limit exceeds the time for new work plus the longest provider timeout. At the
# hard limit the process is killed; its leases, which it renews, end at most 6 s later.
SOFT_LIMIT = 20
HARD_LIMIT = 30

interrupts.register(SoftTimeLimitExceeded)  # not a provider's failure


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def screen_waiting() -> None:
    """Judge waiting messages; enqueue another task if the time was not enough."""
    try:
        done = screening.screen_waiting(wakeup)
    except BaseException:
        wakeup.acknowledge()  # the next notification enqueues another task
        raise
    if not done:
        wakeup.notify()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def sweep() -> None:
    """Judge messages that were left behind; wake a worker for the rest of them."""
    if screening.sweep():
        wakeup.notify()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def close_cases_of_deleted_rooms() -> None:
    """Close cases that were left open when their room was deleted."""
    deleted_rooms.close_left_cases()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_erasures() -> None:
    """Run a slice of an erasure, and enqueue another task behind the work of others.

    Beat enqueues it too, for erasures that became due or whose worker died.
    """
    erasure_wakeup.acknowledge()
    if erasing.run_slice() and erasing.has_due():
        erasure_wakeup.notify()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_exports() -> None:
    """Run a slice of an export, and enqueue another task behind the work of others.

    Beat enqueues it too, for exports whose wake-up was lost or whose worker died.
    """
    export_wakeup.acknowledge()
    if exporting.run_slice() and exporting.has_work():
        export_wakeup.notify()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_retention() -> None:
    """Run a slice of the retention, and enqueue another task behind the work of others."""
    retention_wakeup.acknowledge()
    if retaining.run_slice() and retaining.has_work():
        retention_wakeup.notify()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_purges() -> None:
    """Run a slice of a purge, and enqueue another task behind the work of others.

    Beat enqueues it too, for purges whose wake-up was lost or whose worker died.
    """
    purge_wakeup.acknowledge()
    if purging.run_slice() and purging.has_work():
        purge_wakeup.notify()


def _send() -> None:
    # No retry: the notification is a hint, and a retry would block the thread.
    screen_waiting.apply_async(retry=False)


wakeup = Wakeup(name="screening", send=_send)


def _send_erasures() -> None:
    run_erasures.apply_async(retry=False)


erasure_wakeup = Wakeup(name="erasures", send=_send_erasures)


def _send_exports() -> None:
    run_exports.apply_async(retry=False)


export_wakeup = Wakeup(name="exports", send=_send_exports)


def _send_retention() -> None:
    run_retention.apply_async(retry=False)


retention_wakeup = Wakeup(name="retention", send=_send_retention)


def _send_purges() -> None:
    run_purges.apply_async(retry=False)


purge_wakeup = Wakeup(name="purges", send=_send_purges)
