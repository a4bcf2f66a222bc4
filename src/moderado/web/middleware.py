"""Which pages need more than the strict Content-Security-Policy, and how much more."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpRequest
from django.http.response import HttpResponseBase

View = Callable[[HttpRequest], HttpResponseBase]

# The admin (unfold) builds its pages with Alpine, which evaluates expressions, and with inline
# styles. Only staff get there, and it shows what users wrote as escaped text.
ADMIN = {
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
# The API's documentation (Swagger UI) styles itself inline and draws with data: images.
DOCUMENTATION = {
    "script-src": [SELF, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
RELAXED = {"/admin/": ADMIN, "/api/docs/": DOCUMENTATION}


class RelaxedPolicies:
    """Loosens the policy for the prefixes above. `CSPMiddleware` writes the header."""

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
