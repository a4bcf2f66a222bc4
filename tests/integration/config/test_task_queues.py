"""What beat enqueues for others than the judging of texts comes before waiting messages."""

from contextlib import suppress

import pytest

from moderado.chat.tasks import screen_waiting, sweep
from moderado.config.celery import app
from moderado.enforcement.tasks import expire_sanctions

pytestmark = pytest.mark.proves("S117")


def periodic(task) -> None:
    """Enqueue a task as beat does."""
    (entry,) = (each for each in app.conf.beat_schedule.values() if each["task"] == task.name)
    app.send_task(entry["task"], **entry["options"])


@pytest.fixture
def taken():
    """Take all tasks as a worker does, one at a time; return their names in this order."""

    def take() -> list[str]:
        names: list[str] = []
        with app.connection_for_read() as connection, connection.channel() as channel:

            def on_message(message) -> None:
                names.append(message.headers["task"])
                message.ack()

            consumer = app.amqp.TaskConsumer(channel, on_message=on_message)
            consumer.qos(prefetch_count=1)
            with consumer, suppress(TimeoutError):
                while True:
                    connection.drain_events(timeout=1)
        return names

    take()  # what other tests have left
    return take


def test_periodic_work_does_not_wait_for_messages(taken):
    for _ in range(20):
        screen_waiting.apply_async()
    periodic(sweep)
    periodic(expire_sanctions)
    screen_waiting.apply_async()

    assert taken() == [
        expire_sanctions.name,
        *[screen_waiting.name] * 20,
        sweep.name,
        screen_waiting.name,
    ]
