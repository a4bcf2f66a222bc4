"""Every task of beat's schedule exists."""

from celery import signals
from structlog.testing import capture_logs

from moderado.config.celery import app
from moderado.core.logging import configure


def test_every_schedule_entry_names_an_existing_task():
    app.loader.import_default_modules()

    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert named <= set(app.tasks)


def test_worker_says_once_and_without_a_redacted_name_that_it_is_ready():
    with capture_logs() as said:
        signals.worker_ready.send(sender=None)

    assert [line["event"] for line in said] == ["worker_ready"]
    levels = configure(log_format="json", level="INFO")["loggers"]
    assert levels["celery.apps.worker"]["level"] == "WARNING"  # "celery@host ready."
