"""Paths that do not exist."""

from rest_framework.request import Request
from rest_framework.views import APIView

from moderado.core.errors import NotFound


class Unknown(APIView):
    """404 for every method, with or without credentials."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise NotFound
