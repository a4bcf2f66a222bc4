"""The pulse of beat: a task that the broker took. The sweep is due every few seconds."""

from celery.signals import after_task_publish

from moderado.config.beat import app
from moderado.config.heartbeat import touch

__all__ = ["app"]

after_task_publish.connect(touch)
