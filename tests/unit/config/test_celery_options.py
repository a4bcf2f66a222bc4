"""Every task of beat's schedule exists."""

from moderado.config.celery import app


def test_every_schedule_entry_names_an_existing_task():
    app.loader.import_default_modules()

    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert named <= set(app.tasks)
