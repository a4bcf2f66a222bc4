"""What the clock rings for exists."""

from moderado.config.celery import app


def test_every_entry_of_the_schedule_names_a_task():
    app.loader.import_default_modules()

    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert named <= set(app.tasks)
