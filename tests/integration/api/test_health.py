from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.test import Client

from moderado.api import health
from moderado.core import redis
from tests.factories import make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return Client(headers={"host": "10.0.0.7"})  # a probe knows no names


def test_a_process_that_answers_is_alive(client):
    assert client.get("/livez").json() == {"status": "alive"}


def test_with_its_engines_there_it_is_ready(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "redis": "ok"}
    assert answer.json()["worker"]["status"] == "ok"


def test_a_backlog_is_told_and_keeps_nothing_from_being_ready(client, monkeypatch):
    monkeypatch.setattr(health.feed, "oldest_waiting_seconds", Mock(return_value=61.0))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["worker"] == {"status": "behind", "oldest_waiting_seconds": 61.0}


def test_without_redis_it_is_ready_all_the_same_and_says_so(client, monkeypatch):
    away = Mock(ping=Mock(side_effect=redis.RedisError))
    monkeypatch.setattr(redis, "client", lambda: away)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"]["redis"] == "RedisError"


def test_without_its_database_it_is_not_ready_and_says_so(client, monkeypatch):
    monkeypatch.setattr(health, "connection", Mock(cursor=Mock(side_effect=OperationalError)))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "OperationalError"
    assert answer.json()["worker"]["status"] == "unknown"


def test_with_older_tables_it_is_not_ready_and_says_so(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", [])
    plan = Mock(return_value=[object()])
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", plan)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "MigrationsWait"


def test_metrics_tell_how_long_a_message_has_waited(client):
    make_message(queued_at="2020-01-01T00:00:00Z")

    answer = client.get("/metrics")

    assert answer.status_code == 200
    line = next(
        line for line in answer.text.splitlines() if line.startswith("moderado_oldest_pending")
    )
    assert float(line.split()[1]) > 1e6


def test_strangers_find_no_metrics(client):
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404


def test_strangers_behind_our_own_proxy_find_no_metrics(client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    answer = client.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"})

    assert answer.status_code == 404


def test_nobody_chooses_their_address_to_read_metrics(client):
    forged = {"x-forwarded-for": "127.0.0.1"}

    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1", headers=forged).status_code == 404
