"""Exceptions to the strict Content-Security-Policy, by path prefix."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpRequest
from django.http.response import HttpResponseBase

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
