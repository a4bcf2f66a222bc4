"""Probes and metrics: /livez, /readyz and /metrics.

A middleware before all others answers them: without host check (probes use addresses), session or
redirect.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextvars import Context
from ipaddress import ip_address, ip_network
from typing import cast

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from moderado.chat.selectors import feed
from moderado.core import redis
from moderado.core.addresses import address_of_request
from moderado.core.metrics import OLDEST_PENDING, QueueCollector, QueueRow
from moderado.core.migration_files import waiting_migrations
from moderado.enforcement.selectors.cases import queue_totals

log = structlog.get_logger(__name__)

Next = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

Check = Callable[[], None]

KEPT = 1.0  # seconds that an answer of `/readyz` is given to others, too
ANSWER = 3.0  # seconds in which the checks of `/readyz` must end
BEHIND = 30.0  # seconds: the worker is behind when a message has waited longer


def livez(_request: HttpRequest) -> HttpResponse:
    """Answer that the event loop of this process runs. Checks nothing else."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer whether this process can serve requests: 200, or 503 with the failed checks.

    A failure of Redis, or a worker that is behind, is reported but does not make it 503: messages
    are stored and confirmed without them.
    """
    return readiness(CHECKS, oldest_waiting=feed.oldest_waiting_seconds)


def readiness(checks: Mapping[str, Check], *, oldest_waiting: Callable[[], float]) -> JsonResponse:
    """Answer 200 if the needed checks pass, else 503.

    Args:
        checks: Each raises if what it names fails.
        oldest_waiting: Returns for how many seconds the oldest message has waited, 0 if none
            waits. Not called while the database cannot be asked.
    """
    outcomes = {name: _outcome(name, check) for name, check in checks.items()}
    is_ready = all(outcomes[name] == "ok" for name in _NEEDED)
    waiting = oldest_waiting() if is_ready else None
    body = {
        "status": "ready" if is_ready else "not_ready",
        "checks": outcomes,
        "worker": {
            "status": "unknown" if waiting is None else "behind" if waiting > BEHIND else "ok",
            "oldest_waiting_seconds": waiting,
        },
    }
    return JsonResponse(body, status=200 if is_ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the metrics of all processes that share PROMETHEUS_MULTIPROC_DIR.

    Clients outside METRICS_NETWORKS get 404.
    """
    if not _may_scrape(request):
        return HttpResponse(status=404)
    try:
        OLDEST_PENDING.set(feed.oldest_waiting_seconds())
    except DatabaseError:
        log.warning("oldest_pending_unknown")
    page = generate_latest(_registry()) + _queue_metrics()
    return HttpResponse(page, content_type=CONTENT_TYPE_LATEST)


class ProbeMiddleware:
    """Answers the three paths, and passes every other request on. The first middleware."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Next) -> None:
        self._next = get_response
        self._is_async = iscoroutinefunction(get_response)
        self._readiness = SharedReadiness()
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer(request)
        probe = _PROBES.get(request.path)
        return self._next(request) if probe is None else probe(request)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        probe = _PROBES.get(request.path)
        if probe is None:
            return await cast("Awaitable[HttpResponseBase]", self._next(request))
        if probe is livez:
            return livez(request)
        if probe is readyz:
            return await self._readiness.answer(request)
        return await sync_to_async(probe)(request)


class SharedReadiness:
    """Answers all requests for `/readyz` of one second by one check: anyone may ask, uncounted."""

    def __init__(self) -> None:
        self._check: asyncio.Task[HttpResponse] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept_until = 0.0

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Return a copy of the latest answer, or of the one that is being made."""
        loop = asyncio.get_running_loop()
        check = self._check
        if check is None or self._loop is not loop or self._is_outdated(check):
            # Without the context of this request, whose thread ends with it.
            check = loop.create_task(self._ask(request), context=Context())
            self._check, self._loop = check, loop
        found = await asyncio.shield(check)  # which goes on if this client leaves
        content_type = found.headers["Content-Type"]
        return HttpResponse(found.content, status=found.status_code, content_type=content_type)

    def _is_outdated(self, check: "asyncio.Task[HttpResponse]") -> bool:
        return check.done() and time.monotonic() >= self._kept_until

    async def _ask(self, request: HttpRequest) -> HttpResponse:
        checks = sync_to_async(_readyz_in_thread, thread_sensitive=False)(request)
        try:
            async with asyncio.timeout(ANSWER):
                found = await checks
        except TimeoutError:
            log.warning("not_ready", what="checks", error="TimeoutError")
            found = JsonResponse(_UNANSWERED, status=503)
        self._kept_until = time.monotonic() + KEPT
        return found


def _readyz_in_thread(request: HttpRequest) -> HttpResponse:
    try:
        return readyz(request)
    finally:
        connections.close_all()  # no request ends in this thread


def _outcome(name: str, check: Check) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001  (any failure means: not ready)
        log.warning("not_ready", what=name, error=type(error).__name__)
        return type(error).__name__
    return "ok"


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class MigrationsCheck:
    """Fails until the tables are those of this code. Passed once, it passes from then on: no code
    migrates backwards under a running process."""

    def __init__(self, waiting: Callable[[], Collection[object]]) -> None:
        self._waiting = waiting
        self._passed = False

    def __call__(self) -> None:
        if not self._passed:
            if self._waiting():
                raise MigrationsWait
            self._passed = True


def _check_redis() -> None:
    redis.client().ping()


class MigrationsWait(Exception):
    """The database lacks migrations of this code."""


CHECKS: Mapping[str, Check] = {
    "database": _check_database,
    "migrations": MigrationsCheck(waiting_migrations),
    "redis": _check_redis,
}
_NEEDED = ("database", "migrations")
# What hangs is the database: the client of Redis gives up earlier.
_UNANSWERED = {
    "status": "not_ready",
    "checks": {"database": "TimeoutError"},
    "worker": {"status": "unknown", "oldest_waiting_seconds": None},
}
_PROBES: Mapping[str, Callable[[HttpRequest], HttpResponse]] = {
    "/livez": livez,
    "/readyz": readyz,
    "/metrics": metrics,
}


def _may_scrape(request: HttpRequest) -> bool:
    try:
        scraper = ip_address(address_of_request(request.META))
    except ValueError:
        return False
    return any(scraper in ip_network(network) for network in settings.METRICS_NETWORKS)


def _queue_metrics() -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    try:
        registry.register(QueueCollector(_queue_rows))
        return generate_latest(registry)
    except DatabaseError:
        log.warning("queues_unknown")
        return b""


def _queue_rows() -> list[QueueRow]:
    return [
        (each.name, each.counts.open_count, each.counts.oldest_seconds, each.target_seconds)
        for each in queue_totals()
    ]


def _registry() -> CollectorRegistry:
    if settings.METRICS_DIR is None:
        return REGISTRY
    registry = CollectorRegistry()
    # The library's own annotations stop at this function.
    MultiProcessCollector(registry, path=str(settings.METRICS_DIR))  # type: ignore[no-untyped-call]
    return registry
