"""Celery tasks of enforcement. They take no arguments."""

from celery import shared_task

from moderado.core.row_by_row import row_by_row
from moderado.enforcement.services import (
    access_records,
    appeal_reminders,
    bulk,
    exports,
    machine_strikes,
    notice_mails,
    notice_outcomes,
    notice_terms,
    retention,
    ruling_backfill,
    sanctions,
    settling,
    snoozes,
)

# Seconds. A killed task leaves nothing half done: each ruling has a transaction of its own.
SOFT_LIMIT = 20
HARD_LIMIT = 30
MAIL_LIMIT = 60  # a mail server may be slow; an attempt is stored before it is made


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def settle_rulings() -> None:
    """Tell people of rulings that cannot be undone any more."""
    settling.settle_rulings()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def remind_of_appeals() -> None:
    """Remind moderators of appeals and notices that wait for too long. Beat enqueues it."""
    steps = {
        "appeals": appeal_reminders.remind_of_appeals,
        "notices": notice_outcomes.remind_of_notices,
    }
    list(row_by_row("remind_of_appeals", steps, lambda name: steps[name]()))


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def run_bulk_rulings() -> None:
    """Continue rulings on many cases for a while. Beat enqueues it."""
    bulk.run_unfinished(seconds=SOFT_LIMIT / 2)


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def backfill_rulings() -> None:
    """Continue to give rulings to the cases of the release before. Beat enqueues it."""
    ruling_backfill.backfill_rulings(seconds=SOFT_LIMIT / 4)


@shared_task(soft_time_limit=20, time_limit=30)
def expire_sanctions() -> None:
    """Record which terms are over, and tell the persons. Beat enqueues it."""
    sanctions.expire_sanctions()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def end_snoozes() -> None:
    """Tell connected moderators of cases that were put off until now. Beat enqueues it."""
    snoozes.end_snoozes()


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def give_strikes() -> None:
    """Give the strikes that automatic verdicts demand. Beat enqueues it."""
    machine_strikes.give_strikes()


@shared_task
def keep_terms() -> None:
    """Begin the retention of the day, and delete what has reached its term. Beat enqueues it."""
    steps = {
        "retention": retention.start_daily_run,
        "exports": exports.delete_expired,
        "access_records": access_records.delete_expired,
        "notices": notice_terms.keep_notice_terms,
    }
    list(row_by_row("keep_terms", steps, lambda name: steps[name]()))


@shared_task
def seal_access_records() -> None:
    """Seal the access records that are old enough. Beat enqueues it."""
    access_records.seal_records()


@shared_task(soft_time_limit=MAIL_LIMIT, time_limit=MAIL_LIMIT + 10)
def send_notice_mails() -> None:
    """Send the e-mails of notices that are due. Beat enqueues it."""
    notice_mails.send_mails()
