"""Exceptions to the strict Content-Security-Policy, and to what addresses of the admin may ask."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.views import defaults

View = Callable[[HttpRequest], HttpResponseBase]

# The admin (unfold) uses Alpine, which evaluates expressions, and inline styles. Only staff can
# open it, and it escapes what users wrote.
ADMIN = {
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
# Swagger UI uses inline scripts, inline styles and data: images.
DOCUMENTATION = {
    "script-src": [SELF, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
RELAXED = {"/admin/": ADMIN, "/api/docs/": DOCUMENTATION}


class RelaxedPolicies:
    """Replaces the policy below the prefixes in `RELAXED`. `CSPMiddleware` writes the header."""

    def __init__(self, get_response: View) -> None:
        self.strict = get_response
        self.relaxed = {
            prefix: csp_replace(policy)(get_response) for prefix, policy in RELAXED.items()
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for prefix, view in self.relaxed.items():
            if request.path.startswith(prefix):
                return view(request)
        return self.strict(request)


class MalformedLookups(MiddlewareMixin):
    """Answers 400 to pages of the admin whose address asks for a value that cannot exist.

    Such as a NUL, the year 99999999999, or a number for an id. Django takes them for failures.
    """

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        is_page = request.method in {"GET", "HEAD"} and request.path.startswith("/admin/")
        if is_page and isinstance(error, DataError | OverflowError | ValidationError):
            return defaults.bad_request(request, error)
        return None
