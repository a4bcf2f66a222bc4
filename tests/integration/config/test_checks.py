"""Start-up refuses settings that would break a guarantee."""

import pytest
from celery import Celery
from django.db import connection
from pydantic import SecretStr

from moderado.config import checks, startup
from moderado.config.env import Misconfigured
from moderado.config.secret_key import PUBLISHED
from moderado.core import redis
from tests.engines import NO_REDIS

pytestmark = pytest.mark.django_db
DATABASES = ["default"]


@pytest.mark.proves("S50")
@pytest.mark.parametrize("key", sorted(PUBLISHED))
def test_published_key_serves_nobody(settings, key):
    settings.SECRET_KEY = key

    with pytest.raises(Misconfigured, match="published"):
        startup.verify()


@pytest.fixture
def configured(settings):
    """Change some values of the configuration for this test."""

    def change(**values):
        settings.ENV = settings.ENV.model_copy(update=values)

    return change


def test_test_environment_passes_all_checks():
    startup.verify()


def test_debug_is_refused_on_public_hosts(settings):
    settings.DEBUG = True
    settings.SESSION_COOKIE_SECURE = False
    settings.ALLOWED_HOSTS = ["localhost"]
    assert checks.check_debug() == []

    settings.ALLOWED_HOSTS = ["chat.example"]
    assert [error.id for error in checks.check_debug()] == ["moderado.E001"]


def test_task_without_time_limit_is_refused():
    app = Celery(set_as_current=False)

    def work() -> None: ...

    app.task(name="moderado.endless", shared=False)(work)
    app.task(name="moderado.limited", shared=False, time_limit=1)(work)

    errors = [error.msg for error in checks.check_tasks_end(celery=app)]

    assert "The task moderado.endless has no time_limit." in errors
    assert "The task moderado.limited has no time_limit." not in errors
    assert checks.check_tasks_end() == []


def test_non_durable_database_is_refused(configured):
    configured(allow_volatile_database=False)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")

    errors = checks.check_durability(databases=DATABASES)

    assert "PostgreSQL runs with synchronous_commit = off." in [error.msg for error in errors]


def test_connections_above_the_limit_are_refused(configured):
    configured(web_workers=64, db_pool_size=100)

    assert [error.id for error in checks.check_connections(databases=DATABASES)] == [
        "moderado.E004"
    ]


@pytest.mark.parametrize(("policy", "refused"), [("noeviction", 0), ("allkeys-lru", 1)])
def test_evicting_redis_is_refused(policy, refused):
    client = redis.client()
    try:
        client.config_set("maxmemory-policy", policy)
        errors = checks.check_redis_keeps(databases=DATABASES)
    finally:
        client.config_set("maxmemory-policy", "noeviction")

    assert len(errors) == refused


def test_unreachable_engine_is_no_error(settings, configured):
    settings.REDIS_URL = NO_REDIS
    configured(redis_url=SecretStr(NO_REDIS), broker_url=None, layer_url=None)

    assert checks.check_redis_keeps(databases=DATABASES) == []


def test_all_failed_checks_are_reported_in_one_message(configured):
    configured(web_workers=64, db_pool_size=100)

    with pytest.raises(Misconfigured, match="This cannot be started"):
        startup.verify()


@pytest.mark.django_db
def test_role_that_owns_the_audit_log_is_reported(monkeypatch):
    # Tests create and empty their database, so they connect as its owner.
    assert [message.id for message in checks.check_roles(["default"])] == ["moderado.W001"]

    monkeypatch.setattr(checks.database_roles, "application_owns_tables", lambda: False)
    assert checks.check_roles(["default"]) == []
