"""Cache headers: what depends on the user or on the language is stored by no cache."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

View = Callable[[HttpRequest], HttpResponseBase]

VARY = ("Authorization", "Cookie", "Accept-Language")


class PersonalResponses:
    """Marks every response as personal, unless its view declares it public.

    A new view is therefore never cached by accident. Static files are answered before.
    """

    def __init__(self, get_response: View) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._next(request)
        if "public" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
            patch_vary_headers(response, VARY)
        return response
