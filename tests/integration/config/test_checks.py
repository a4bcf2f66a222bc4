"""Start-up refuses settings that would break a guarantee."""

from unittest.mock import Mock

import pytest

from moderado.config import checks, startup
from moderado.config.env import Misconfigured, env

pytestmark = pytest.mark.django_db
DATABASES = ["default"]


@pytest.fixture
def configured(monkeypatch):
    """Return the configuration with some values changed."""

    def _configured(**changes):
        changed = env().model_copy(update=changes)
        monkeypatch.setattr(checks, "env", lambda: changed)

    return _configured


def test_test_environment_passes_all_checks():
    startup.verify()


def test_debug_is_refused_on_public_hosts(settings):
    settings.DEBUG = True
    settings.SESSION_COOKIE_SECURE = False
    settings.ALLOWED_HOSTS = ["localhost"]
    assert checks.check_debug() == []

    settings.ALLOWED_HOSTS = ["chat.example"]
    assert [error.id for error in checks.check_debug()] == ["moderado.E001"]


def test_task_without_time_limit_is_refused(monkeypatch):
    endless = Mock(time_limit=None)
    tasks = {"moderado.endless": endless, "celery.own": endless}
    monkeypatch.setattr(checks, "app", Mock(tasks=tasks, conf=Mock(task_time_limit=None)))

    assert [error.msg for error in checks.check_tasks_end()] == [
        "The task moderado.endless has no time_limit."
    ]


def test_non_durable_database_is_refused(configured, monkeypatch):
    configured(allow_volatile_database=False)
    monkeypatch.setattr(checks, "_shown", lambda _alias, name: "off" if name == "fsync" else "on")

    (error,) = checks.check_durability(databases=DATABASES)

    assert "fsync = off" in error.msg


def test_connections_above_the_limit_are_refused(configured):
    configured(web_workers=64, db_pool_size=100)

    assert [error.id for error in checks.check_connections(databases=DATABASES)] == [
        "moderado.E004"
    ]


@pytest.mark.parametrize(("policy", "refused"), [("noeviction", 0), ("allkeys-lru", 1)])
def test_evicting_redis_is_refused(monkeypatch, policy, refused):
    client = Mock(info=Mock(return_value={"maxmemory_policy": policy}))
    client.__enter__ = Mock(return_value=client)
    client.__exit__ = Mock(return_value=None)
    monkeypatch.setattr(checks.redis.Redis, "from_url", Mock(return_value=client))

    assert len(checks.check_redis_keeps(databases=DATABASES)) == refused


def test_unreachable_engine_is_no_error(configured):
    configured(redis_url=env().redis_url)

    assert checks._eviction("redis://127.0.0.1:1/0") is None


def test_all_failed_checks_are_reported_in_one_message(configured):
    configured(web_workers=64, db_pool_size=100)

    with pytest.raises(Misconfigured, match="This cannot be started"):
        startup.verify()
