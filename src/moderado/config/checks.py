"""System checks: the server refuses to start with settings that would break a guarantee.

Web and worker run all of them before they take work (`moderado.config.startup`). `check` runs those
that need no engine, `check --database default` the rest. An unreachable engine is no error: it may
come back, and `/readyz` reports it until then.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import redis
import structlog
from celery import Celery
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connections
from django.utils.module_loading import autodiscover_modules

from moderado.config import database_roles
from moderado.config.celery import app

log = structlog.get_logger(__name__)

LOCAL = {"localhost", "127.0.0.1", "[::1]", "testserver"}
TIMEOUT = 2  # seconds
OTHERS = 5  # connections left for beat, migrations and administrators


@register
def check_debug(**_: Any) -> list[CheckMessage]:
    """DEBUG pages show settings and request data."""
    public = sorted(set(settings.ALLOWED_HOSTS) - LOCAL)
    if not settings.DEBUG or not (public or settings.ENV.secure_cookies is True):
        return []
    return [
        Error(
            "DEBUG is on where others can reach this server.",
            hint="Unset DEBUG, or serve localhost alone.",
            id="moderado.E001",
        )
    ]


@register
def check_tasks_end(celery: Celery = app, **_: Any) -> list[CheckMessage]:
    """A task without a time limit could hold its messages for ever."""
    autodiscover_modules("tasks")
    endless = [
        name
        for name, task in celery.tasks.items()
        if not name.startswith("celery.") and not (task.time_limit or celery.conf.task_time_limit)
    ]
    return [
        Error(f"The task {name} has no time_limit.", id="moderado.E002") for name in sorted(endless)
    ]


@register(Tags.database)
def check_durability(databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """`message_queued` promises durability: refuse a database that may forget committed data."""
    if settings.ENV.allow_volatile_database:
        return []
    unsafe = [
        name
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        for alias in databases or ()
        if _shown(alias, name) == "off"
    ]
    return [
        Error(f"PostgreSQL runs with {name} = off.", hint=f"Set {name} = on.", id="moderado.E003")
        for name in unsafe
    ]


@register(Tags.database)
def check_connections(databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """The connections of all processes must fit into PostgreSQL's limit."""
    wanted = (
        settings.ENV.web_workers * settings.ENV.db_pool_size
        + settings.ENV.worker_concurrency
        + OTHERS
    )
    return [
        Error(
            f"Up to {wanted} connections are wanted and PostgreSQL gives {given}.",
            hint="Lower WEB_WORKERS or DB_POOL_SIZE, or raise max_connections.",
            id="moderado.E004",
        )
        for alias in databases or ()
        if (given := int(_shown(alias, "max_connections") or wanted)) < wanted
    ]


@register(Tags.database)
def check_roles(databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """The server's role should not be able to switch the audit log's triggers off."""
    if not databases:
        return []
    try:
        if not database_roles.application_owns_tables():
            return []
    except DatabaseError:
        return []
    log.warning("application_owns_tables", see="docs/deployment.md, Database roles")
    return [
        CheckWarning(
            "The server owns its tables: it could switch the audit log's triggers off.",
            hint="Set DATABASE_OWNER_URL, and another role in DATABASE_URL.",
            id="moderado.W001",
        )
    ]


@register(Tags.database)
def check_redis_keeps(databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """An evicting Redis would drop tickets, limits and wake-ups at any time."""
    if not databases:
        return []
    addresses = dict.fromkeys([settings.REDIS_URL, settings.ENV.broker, settings.ENV.layer])
    policies = {urlsplit(url).hostname or "socket": _eviction(url) for url in addresses}
    return [
        Error(
            f"Redis on {host} evicts keys (maxmemory-policy {policy}).",
            hint="Set maxmemory-policy noeviction.",
            id="moderado.E005",
        )
        for host, policy in policies.items()
        if policy not in {None, "noeviction"}
    ]


def _shown(alias: str, name: str) -> str | None:
    def ask() -> str:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_setting(%s)", [name])
            return str(cursor.fetchone()[0])

    return _unless_away(ask, DatabaseError)


def _eviction(url: str) -> str | None:
    def ask() -> str:
        with redis.Redis.from_url(url, socket_timeout=TIMEOUT, decode_responses=True) as client:
            # Not CONFIG GET, which managed servers refuse.
            return str(client.info("memory")["maxmemory_policy"])

    return _unless_away(ask, redis.RedisError)


def _unless_away(ask: Callable[[], str], away: type[Exception]) -> str | None:
    try:
        return ask()
    except away as error:
        log.warning("start_check_skipped", error=type(error).__name__)
        return None
