"""The heartbeat of beat: a task was accepted by the broker. The sweep is due every two seconds."""

from celery.signals import after_task_publish

from moderado.config.beat import app
from moderado.config.heartbeat import touch

__all__ = ["app"]

after_task_publish.connect(touch)
