"""Counts every request against the quota class of its route, before any other work.

`core.quotas` assigns the classes.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from moderado.accounts import tokens
from moderado.accounts.errors import NotAuthenticated
from moderado.api.judge.keys import api_key_of, given_key
from moderado.core import quotas
from moderado.core.addresses import address_of_request
from moderado.core.concurrency import ConcurrencyLimit
from moderado.core.database import release_connections
from moderado.core.errors import RateLimited, Unavailable
from moderado.core.limits import watched
from moderado.core.metrics import REFUSED
from moderado.core.newcomers import NewcomerLimited
from moderado.core.quotas import COUNTED_BY_SERVICE, Quota
from moderado.core.vendor_errors import OPENAI, PERSPECTIVE, shaped

View = Callable[[HttpRequest], HttpResponseBase]

MAX_REMEMBERED = 10_000  # refusals


class QuotaMiddleware:
    """Answers 429 with `Retry-After` when the account or the address has used up its quota.

    A refused client is remembered until its wait has passed: repeated requests cost neither an
    exchange with Redis nor a query. Few requests of class EXPENSIVE run at once.
    """

    def __init__(self, get_response: View) -> None:
        self._next = get_response
        self._refusals = Refusals()
        # A quarter of the connections: the rest is for sockets and cheap requests.
        self._expensive = ConcurrencyLimit(max(1, settings.ENV.db_pool_size // 4))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        method, route = request.method or "", _route(request)
        quota = quotas.quota_of_request(method, route, lambda: request.GET)
        try:
            if quota is Quota.PROBE:
                return self._next(request)
            client = _client_of(request, quota)
            self._refusals.check(client.of_address)
            self._refusals.check(client.of_account)
            if quota in COUNTED_BY_SERVICE:
                if quota is Quota.SIGN_IN or client.account or _account(request, quota):
                    return self._counted_by_service(request, client)
                quota = Quota.CHEAP  # without an account no service counts it
            counted = self._count(request, client, quota, f"{method} {route}")
            if quota is not Quota.EXPENSIVE:
                return self._next(request)
            # A request that waits must not keep the connection that found its session.
            with self._expensive.place(counted, before_waiting=release_connections):
                return self._next(request)
        except (RateLimited, Unavailable) as error:  # a view's own errors end in the view
            REFUSED.labels(entry_point="rest", code=error.code).inc()
            return refusal(request, error)

    def _counted_by_service(self, request: HttpRequest, client: "Client") -> HttpResponseBase:
        """Answer a request, and count it as CHEAP unless its service has counted it.

        The answer is given in any case: the next request waits. So neither messages nor sign-ins
        cost a second exchange with Redis.
        """
        with watched() as watch:
            answer = self._next(request)
        if not watch.has_counted:
            with suppress(RateLimited):  # remembered for the next request
                self._count(request, client, Quota.CHEAP, "")
        return answer

    def _count(self, request: HttpRequest, client: "Client", quota: Quota, route: str) -> str:
        """Count the request. Return who it was counted for: an account or an address."""
        account = client.account or _account(request, quota)
        try:
            quotas.spend(quota, account=account, address=client.address, route=route)
        except NewcomerLimited:  # of one route: other requests of the class may pass
            raise
        except RateLimited as error:
            refused = client.of_address if account is None else client.of_account
            self._refusals.add(refused, error.retry_after)
            raise
        return account or client.address


class Client(NamedTuple):
    """Who makes a request, as far as that costs no query.

    Args:
        address: Its address.
        account: The account of its token.
        of_address: Under what a refusal of its address is remembered.
        of_account: Under what a refusal of its account is remembered.
    """

    address: str
    account: str | None
    of_address: tuple[object, ...]
    of_account: tuple[object, ...]


class Refusals:
    """Refused clients, each until its wait has passed. The oldest are forgotten beyond a number."""

    def __init__(self, *, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._until: OrderedDict[object, float] = OrderedDict()

    def add(self, client: object, seconds: int) -> None:
        """Remember a refusal."""
        self._until[client] = time.monotonic() + seconds
        if len(self._until) > self._most:
            self._until.popitem(last=False)

    def check(self, client: object) -> None:
        """Raise RateLimited while a refusal holds."""
        until = self._until.get(client)
        if until is not None and (wait := until - time.monotonic()) > 0:
            raise RateLimited(retry_after=int(wait) + 1)


def refusal(request: HttpRequest, error: RateLimited | Unavailable) -> HttpResponseBase:
    """Return the 429 or 503: JSON where programs ask, otherwise a page."""
    headers = {"Retry-After": str(error.retry_after)}
    if request.path_info.startswith(("/api/", "/ws/", OPENAI, PERSPECTIVE)):
        body: dict[str, Any] = {"code": error.code, "detail": str(error)}
        if isinstance(error, NewcomerLimited):
            body["details"] = error.details
        shape = shaped(request.path_info, error.status, body)
        return JsonResponse(shape, status=error.status, headers=headers)
    # Without the request: its context would look the account up.
    page = render_to_string("429.html", {"reason": str(error)})
    return HttpResponse(page, status=error.status, headers=headers)


def _route(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).route
    except Resolver404:
        return request.path_info.lstrip("/")


def _client_of(request: HttpRequest, quota: Quota) -> Client:
    """Return the client of a request.

    The account of a token is known without a query, and one token can be written in many ways. What
    else identifies an account, a cookie or a key, is read exactly as it is.
    """
    address, account, credential = address_of_request(request.META), None, ""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if quota is Quota.JUDGE:
        credential = given_key(request)
    elif scheme.lower() == "bearer":
        account = _named_by(token.strip())
    else:
        credential = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    digest = sha256(credential.encode("utf-8", "surrogatepass")).digest()
    limits_of_class = settings.QUOTAS.get(quota, settings.QUOTAS[Quota.CHEAP])
    of_address = (quota, address, *limits_of_class)
    return Client(address, account, of_address, (account or digest, *of_address))


def _account(request: HttpRequest, quota: Quota) -> str | None:
    """Return the account of a session or an API key. Whether it may act is not checked.

    It is read from the database, and the view uses the same copy.
    """
    if quota is Quota.JUDGE:
        return _key(request)
    if request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower() == "bearer":
        return None
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    try:
        account: str | None = request.session.get(SESSION_KEY)
    except Error:  # the view reports the outage
        return None
    return account


def _named_by(token: str) -> str | None:
    for use in (tokens.Use.ACCESS, tokens.Use.APPEAL):
        with suppress(NotAuthenticated):
            return str(tokens.read(token, use=use).user_id)
    return None


def _key(request: HttpRequest) -> str | None:
    try:
        key = api_key_of(request)
    except Error:  # the view reports the outage
        return None
    return f"key:{key.id}" if key else None
