"""The heartbeat of the worker: its main loop runs, and the broker accepts its messages."""

from celery.signals import heartbeat_sent, worker_ready

from moderado.config.celery import app
from moderado.config.heartbeat import touch

__all__ = ["app"]

worker_ready.connect(touch)
heartbeat_sent.connect(touch)  # every two seconds
