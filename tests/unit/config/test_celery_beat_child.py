"""Beat as a child of the worker: started with the connection to the broker, and kept running."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from moderado.config import celery_beat_child
from moderado.config.celery import app
from moderado.config.celery_beat_child import DELAYS, STABLE, BeatChild


@pytest.fixture
def now(monkeypatch):
    """The monotonic time, in `now.seconds`."""
    clock = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(celery_beat_child.time, "monotonic", lambda: clock.seconds)
    return clock


@pytest.fixture
def started(monkeypatch):
    """The beats that were started."""
    found = []

    def start(*_, **__):
        found.append(Mock(exitcode=-9, **{"is_alive.return_value": True}))
        return found[-1]

    monkeypatch.setattr(celery_beat_child, "EmbeddedService", start)
    return found


@pytest.fixture
def consumer():
    return SimpleNamespace(app=app, timer=Mock(), steps=[])


@pytest.fixture
def child(consumer, started, now):
    step = BeatChild(consumer, with_beat=True)
    step.start(consumer)
    return step


def die(beat):
    beat.is_alive.return_value = False


def test_worker_has_no_beat_unless_it_is_asked_to(consumer):
    assert not BeatChild(consumer).include(consumer)
    assert BeatChild(consumer, with_beat=True).include(consumer)


def test_running_beat_is_left_alone(child, started):
    child.check()

    assert len(started) == 1


def test_delay_before_another_beat_grows_and_begins_again(child, started, now):
    delays = []
    for uptime in (0, 0, STABLE):
        now.seconds += uptime
        die(started[-1])
        died, count = now.seconds, len(started)
        while len(started) == count:
            child.check()
            now.seconds += 0.5
        delays.append(now.seconds - 0.5 - died)

    assert delays == [DELAYS[0], DELAYS[1], DELAYS[0]]


def test_lost_broker_ends_beat_and_a_new_connection_starts_another(child, consumer, started):
    child.stop(consumer)
    child.start(consumer)

    started[0].stop.assert_called_once()
    assert len(started) == 2
