"""The pulse that health checks of containers look at."""

import os
import time

import pytest
from celery.signals import after_task_publish, beat_init, heartbeat_sent, worker_ready

from moderado.config import heartbeat


@pytest.fixture
def pulse(tmp_path, monkeypatch):
    file = tmp_path / "pulse"
    monkeypatch.setattr(heartbeat, "PULSE", file)
    yield file
    after_task_publish.disconnect(heartbeat.touch)


@pytest.mark.parametrize("signal", [worker_ready, heartbeat_sent], ids=["ready", "beating"])
def test_a_worker_whose_loop_turns_has_a_pulse(pulse, signal):
    signal.send(sender=None)

    assert pulse.exists()


def test_an_old_pulse_becomes_young_again(pulse):
    pulse.touch()
    os.utime(pulse, (0, 0))

    heartbeat_sent.send(sender=None)

    assert time.time() - pulse.stat().st_mtime < 60


def test_what_a_worker_publishes_is_no_pulse(pulse):
    after_task_publish.send(sender="moderado.chat.tasks.sweep")

    assert not pulse.exists()


def test_the_pulse_of_beat_is_a_task_that_the_broker_took(pulse):
    beat_init.send(sender=None)
    assert not pulse.exists()

    after_task_publish.send(sender="moderado.chat.tasks.sweep")

    assert pulse.exists()
