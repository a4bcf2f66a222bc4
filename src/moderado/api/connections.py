"""Returns database connections to the pool before the response is sent."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from moderado.core.database import release_connections

View = Callable[[HttpRequest], HttpResponseBase]


class ReleaseConnections:
    """Gives the request's connection back once the response is complete.

    Django does so after the response was sent: a few clients that read slowly would hold every
    connection of the pool.
    """

    def __init__(self, get_response: View) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self._next(request)
        finally:
            release_connections()
