"""The WebSocket paths: for the routing, the AsyncAPI document and the HTTP protocol."""

import re

ROOMS = "/ws/chat/"
ROOM = "/ws/chat/{room_id}/"

_PARAMETER = re.compile(r"{(\w+)}")
_SOCKETS = re.compile("|".join(_PARAMETER.sub("[^/]+", path) for path in (ROOMS, ROOM)))


def route(path: str) -> str:
    """Return the path as a route of `django.urls.path`."""
    return _PARAMETER.sub(r"<str:\1>", path.removeprefix("/"))


def is_socket(path: str) -> bool:
    """Whether a path, without its percent-encoding, is one of a WebSocket."""
    return _SOCKETS.fullmatch(path) is not None
