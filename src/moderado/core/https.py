"""HTTPS and the cookies that depend on it, by `SECURE_COOKIES`.

A protected response prefixes the name of every cookie with `__Host-`: the browser then accepts it
from this host only, over HTTPS, with `Path=/` and without `Domain` (RFC 6265bis, 4.1.3.2). Code
behind the middleware uses the plain names.
"""

import re
from itertools import count

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware import security
from django.utils.deprecation import MiddlewareMixin

log = structlog.get_logger(__name__)

PREFIX = "__Host-"
_LOOPBACK = re.compile(
    r"(localhost|([\w-]+\.)+localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?", re.IGNORECASE
)
_plain_requests = count()


def is_protected(host: str, *, encrypted: bool) -> bool:
    """Return whether requests to `host` need HTTPS and `__Host-` cookies.

    Args:
        host: The Host header.
        encrypted: Whether the client connected by HTTPS or WSS.
    """
    policy = settings.ENV.secure_cookies
    if policy == "auto":
        return encrypted or _LOOPBACK.fullmatch(host) is None
    return bool(policy)


def cookie_name(name: str, *, protected: bool) -> str:
    """Return the name under which the browser stores the cookie `name`."""
    return f"{PREFIX}{name}" if protected else name


class HttpsMiddleware(security.SecurityMiddleware):
    """Django's redirect to HTTPS and HSTS, for protected hosts only."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if not request.is_secure() and settings.ENV.secure_cookies == "auto":
            _warn_once(protected=_is_protected(request))
        return super().process_request(request) if _is_protected(request) else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if _LOOPBACK.fullmatch(_host(request)):  # other servers of this machine have no TLS
            response.headers.pop("Strict-Transport-Security", None)
        return response


class HostCookies(MiddlewareMixin):
    """Translates between the plain names of cookies and those of a protected host."""

    def process_request(self, request: HttpRequest) -> None:
        if _is_protected(request):
            # A cookie without the prefix may come from another host of the same domain.
            request.COOKIES = {
                name.removeprefix(PREFIX): value
                for name, value in request.COOKIES.items()
                if name.startswith(PREFIX)
            }

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        protected = _is_protected(request)
        for name in list(response.cookies):
            morsel = response.cookies.pop(name)
            morsel["secure"] = protected
            if protected:
                morsel["path"], morsel["domain"] = "/", ""
                morsel.set(cookie_name(name, protected=True), morsel.value, morsel.coded_value)
            dict.__setitem__(response.cookies, morsel.key, morsel)
        return response


def _is_protected(request: HttpRequest) -> bool:
    return is_protected(_host(request), encrypted=request.is_secure())


def _host(request: HttpRequest) -> str:
    host: str = request.META.get("HTTP_HOST", "")
    return host


def _warn_once(*, protected: bool) -> None:
    if next(_plain_requests) == 0:
        log.warning("tls_missing", outcome="redirected" if protected else "served_on_loopback")
