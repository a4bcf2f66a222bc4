import json
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
    return Client(headers={"host": "10.0.0.7"})  # a probe uses an IP address


def test_livez_answers_200(client):
    assert client.get("/livez").json() == {"status": "alive"}


def test_readyz_answers_200_when_all_checks_pass(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "redis": "ok"}
    assert answer.json()["worker"]["status"] == "ok"


def readiness(*, waiting=0.0, **failing):
    """Return the answer and its body while these checks raise these errors."""
    checks = health.CHECKS | {name: Mock(side_effect=error) for name, error in failing.items()}
    answer = health.readiness(checks, oldest_waiting=lambda: waiting)
    return answer, json.loads(answer.content)


def test_backlog_is_reported_and_does_not_prevent_readiness():
    answer, body = readiness(waiting=61.0)

    assert answer.status_code == 200
    assert body["worker"] == {"status": "behind", "oldest_waiting_seconds": 61.0}


def test_redis_outage_is_reported_and_does_not_prevent_readiness():
    answer, body = readiness(redis=redis.RedisError)

    assert answer.status_code == 200
    assert body["checks"]["redis"] == "RedisError"


def test_database_outage_prevents_readiness():
    answer, body = readiness(database=OperationalError)

    assert answer.status_code == 503
    assert body["checks"]["database"] == "OperationalError"
    assert body["worker"]["status"] == "unknown"


def test_missing_migrations_prevent_readiness():
    answer, body = readiness(migrations=health.MigrationsWait)

    assert answer.status_code == 503
    assert body["checks"]["migrations"] == "MigrationsWait"


def test_migrations_are_checked_until_all_are_applied():
    plan = Mock(side_effect=[["0001_initial"], []])
    check = health.MigrationsCheck(plan)

    with pytest.raises(health.MigrationsWait):
        check()
    check()
    check()

    assert plan.call_count == 2


def test_metrics_report_the_age_of_the_oldest_waiting_message(client):
    make_message(queued_at="2020-01-01T00:00:00Z")

    answer = client.get("/metrics")

    assert answer.status_code == 200
    line = next(
        line for line in answer.text.splitlines() if line.startswith("moderado_oldest_pending")
    )
    assert float(line.split()[1]) > 1e6


def test_metrics_answer_404_outside_allowed_networks(client):
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404


def test_metrics_answer_404_to_other_networks_behind_the_proxy(client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    answer = client.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"})

    assert answer.status_code == 404


def test_forged_forwarded_header_does_not_allow_metrics(client):
    forged = {"x-forwarded-for": "127.0.0.1"}

    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1", headers=forged).status_code == 404
