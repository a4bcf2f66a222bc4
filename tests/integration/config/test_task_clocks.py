"""Periodic tasks go on when the clock of a host jumps, or differs from that of another host."""

from datetime import timedelta
from time import monotonic
from unittest.mock import Mock

import pytest
from celery.beat import Scheduler
from celery.worker import request
from celery.worker.state import revoked as dropped

from moderado.config import celery_clocks
from moderado.config.beat import app as beat
from moderado.config.celery import app as worker
from moderado.config.celery_options import beat_schedule
from moderado.config.celery_strategy import strict
from moderado.enforcement.tasks import expire_sanctions

pytestmark = pytest.mark.proves("R350")

SKEWS = [-86_400, -3_600, -60, 60, 3_600, 86_400]
LONGEST = 3_600  # seconds between two runs of any task


@pytest.fixture
def scheduler():
    """A scheduler of beat that enqueues nothing."""
    scheduler = Scheduler(app=beat)
    scheduler.apply_entry = Mock()
    return scheduler


def enqueued(scheduler) -> set[str]:
    """Return what is due now."""
    scheduler.apply_entry.reset_mock()
    while scheduler.tick() == 0:
        pass
    return {call.args[0].name for call in scheduler.apply_entry.call_args_list}


@pytest.mark.parametrize("seconds", SKEWS)
def test_beat_goes_on_after_its_clock_was_put_back_or_forward(
    scheduler, clock, monkeypatch, seconds
):
    now = monotonic()
    monkeypatch.setattr(celery_clocks, "monotonic", lambda: now)
    enqueued(scheduler)
    clock.shift(seconds)

    assert enqueued(scheduler) == set()  # no time has passed

    now += LONGEST + 1
    assert enqueued(scheduler) == set(beat_schedule)


@pytest.fixture
def consumer(monkeypatch):
    """A worker's consumer; `on_task_request` has what it runs."""
    monkeypatch.setattr(request, "revoked_tasks", dropped)
    found = Mock(
        disable_rate_limits=True,
        event_dispatcher=None,
        task_buckets={expire_sanctions.name: None},
    )
    found.controller.state.revoked = dropped
    return found


@pytest.fixture
def taken(consumer):
    """Take the only task from the queues as a worker does; return whether it is run."""

    def take() -> bool:
        take_or_reject = strict(expire_sanctions, worker, consumer)
        with worker.connection_for_read() as connection, connection.channel() as channel:

            def on_message(message) -> None:
                take_or_reject(message, None, message.ack_log_error, message.reject_log_error, [])
                if not message.acknowledged:
                    message.ack()

            with worker.amqp.TaskConsumer(channel, on_message=on_message):
                connection.drain_events(timeout=5)
        return consumer.on_task_request.called

    with worker.connection_for_write() as connection:
        for queue in worker.amqp.queues.values():
            queue(connection.channel()).purge()
    return take


def enqueue() -> None:
    options = beat_schedule["chat.tasks.run_purges"]["options"]  # may wait for 30 s
    beat.send_task(expire_sanctions.name, **options)


@pytest.mark.parametrize("seconds", SKEWS)
def test_task_of_a_beat_whose_clock_is_wrong_is_run(taken, clock, seconds):
    clock.shift(seconds)
    enqueue()
    clock.shift(-seconds)

    assert taken()


def test_task_that_waited_too_long_by_the_clock_of_the_broker_is_dropped(taken, clock, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(celery_clocks, "_lead_of_broker", lambda _: timedelta(seconds=-31))
        enqueue()

    assert not taken()
