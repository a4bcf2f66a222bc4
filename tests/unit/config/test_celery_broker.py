"""The broker transport: a failed acknowledgement does not block the worker."""

from unittest.mock import Mock

import pytest
from kombu import Connection
from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from moderado.config import celery_options
from moderado.config.beat import app as beat
from moderado.config.celery import app as worker
from moderado.config.celery_broker import QoS, Transport


@pytest.fixture
def full(monkeypatch):
    """The QoS of a worker with the maximum of unacknowledged tasks, and no Redis."""
    monkeypatch.setattr(redis.QoS, "_remove_from_indices", Mock(side_effect=RedisConnectionError))
    monkeypatch.setattr(redis.QoS, "restore_by_tag", Mock(side_effect=RedisConnectionError))
    qos = QoS(Mock(), prefetch_count=1)
    qos._delivered["tag"] = Mock()
    qos._quick_append = Mock()
    assert not qos.can_consume()
    return qos


@pytest.mark.parametrize("requeue", [False, True])
def test_failed_reject_frees_a_prefetch_slot(full, requeue):
    with pytest.raises(RedisConnectionError):
        full.reject("tag", requeue)

    assert full.can_consume()


def test_failed_ack_frees_a_prefetch_slot(full):
    with pytest.raises(RedisConnectionError):
        full.ack("tag")

    assert full.can_consume()


@pytest.mark.parametrize("app", [worker, beat])
def test_worker_and_beat_use_the_transport_and_reconnect_quickly(app, monkeypatch):
    tried = Mock()
    monkeypatch.setattr(Connection, "_ensure_connection", tried)
    connection = app.connection_for_read()
    connection._ensure_connection(None, callback=None)
    connection._ensure_connection(None, 3, 2, 2, 30, None)  # as Celery does when it publishes

    assert connection.transport_cls == f"{Transport.__module__}:{Transport.__qualname__}"
    assert [call.args[4] for call in tried.call_args_list] == [2, 2]


def test_task_continues_when_the_broker_is_lost():
    assert celery_options.worker_cancel_long_running_tasks_on_connection_loss is False


def test_refusing_redis_is_retried_and_ends_no_worker():
    connection = worker.connection_for_read()

    assert ResponseError in connection.connection_errors
    assert ResponseError in connection.transport.connection_errors
