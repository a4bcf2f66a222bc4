"""The heartbeat files that container health checks read."""

import importlib
import os
import time

import pytest
from celery.signals import after_task_publish, heartbeat_sent, worker_ready

from moderado.config import heartbeat

SIGNALS = [worker_ready, heartbeat_sent, after_task_publish]


@pytest.fixture
def pulse(tmp_path, monkeypatch):
    file = tmp_path / "pulse"
    monkeypatch.setattr(heartbeat, "PULSE", file)
    yield file
    for signal in SIGNALS:
        signal.disconnect(heartbeat.touch)


def of(process: str) -> None:
    importlib.reload(importlib.import_module(f"moderado.config.heartbeat.{process}"))


@pytest.mark.parametrize("signal", [worker_ready, heartbeat_sent], ids=["ready", "beating"])
def test_running_worker_touches_its_heartbeat(pulse, signal):
    of("worker")

    signal.send(sender=None)

    assert pulse.exists()


def test_heartbeat_updates_an_old_file(pulse):
    of("worker")
    pulse.touch()
    os.utime(pulse, (0, 0))

    heartbeat_sent.send(sender=None)

    assert time.time() - pulse.stat().st_mtime < 60


def test_publication_by_a_task_is_no_heartbeat(pulse):
    of("worker")

    after_task_publish.send(sender="moderado.chat.tasks.sweep")

    assert not pulse.exists()


def test_accepted_task_is_the_heartbeat_of_beat(pulse):
    of("beat")
    assert not pulse.exists()

    after_task_publish.send(sender="moderado.chat.tasks.sweep")

    assert pulse.exists()
