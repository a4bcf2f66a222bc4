"""The broker's transport: what could not be acknowledged does not count as under way for ever."""

from unittest.mock import Mock

import pytest
from kombu import Connection
from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from moderado.config import queue
from moderado.config.beat import app as beat
from moderado.config.broker import QoS, Transport
from moderado.config.celery import app as worker


@pytest.fixture
def full(monkeypatch):
    """A worker's book-keeping with as many tasks under way as it may have, and Redis gone."""
    monkeypatch.setattr(redis.QoS, "_remove_from_indices", Mock(side_effect=RedisConnectionError))
    monkeypatch.setattr(redis.QoS, "restore_by_tag", Mock(side_effect=RedisConnectionError))
    qos = QoS(Mock(), prefetch_count=1)
    qos._delivered["tag"] = Mock()
    qos._quick_append = Mock()
    assert not qos.can_consume()
    return qos


@pytest.mark.parametrize("requeue", [False, True])
def test_a_rejection_that_redis_did_not_hear_makes_room_for_other_work(full, requeue):
    with pytest.raises(RedisConnectionError):
        full.reject("tag", requeue)

    assert full.can_consume()


def test_an_acknowledgement_that_redis_did_not_hear_makes_room_for_other_work(full):
    with pytest.raises(RedisConnectionError):
        full.ack("tag")

    assert full.can_consume()


@pytest.mark.parametrize("app", [worker, beat])
def test_worker_and_beat_use_it_and_come_back_quickly(app, monkeypatch):
    tried = Mock()
    monkeypatch.setattr(Connection, "_ensure_connection", tried)
    connection = app.connection_for_read()
    connection._ensure_connection(None, callback=None)
    connection._ensure_connection(None, 3, 2, 2, 30, None)  # as Celery does when it publishes

    assert connection.transport_cls == f"{Transport.__module__}:{Transport.__qualname__}"
    assert [call.args[4] for call in tried.call_args_list] == [2, 2]


def test_a_task_goes_on_when_the_broker_is_lost():
    assert queue.worker_cancel_long_running_tasks_on_connection_loss is False


def test_a_redis_that_refuses_is_tried_again_and_ends_no_worker():
    connection = worker.connection_for_read()

    assert ResponseError in connection.connection_errors
    assert ResponseError in connection.transport.connection_errors
