"""Celery tasks of enforcement. They take no arguments and make one service call."""

from celery import shared_task

from moderado.enforcement.services import bulk, sanctions, settling

# Seconds. A killed task leaves nothing half done: each ruling has a transaction of its own.
SOFT_LIMIT = 20
HARD_LIMIT = 30


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def settle_rulings() -> None:
    """Tell people of rulings that cannot be undone any more."""
    settling.settle_rulings()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_bulk_rulings() -> None:
    """Continue rulings on many cases for a while. Beat enqueues it."""
    bulk.run_unfinished(seconds=SOFT_LIMIT / 2)


@shared_task(soft_time_limit=20, time_limit=30)
def expire_sanctions() -> None:
    """Record which terms are over, and tell the persons. Beat enqueues it."""
    sanctions.expire_sanctions()
