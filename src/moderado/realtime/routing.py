"""The WebSocket paths. Any other is refused at the handshake."""

from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from moderado.realtime.session.consumer import ChatConsumer
from moderado.realtime.wire import paths


async def refuse(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Close before accepting, which the server answers with HTTP 403."""
    await receive()
    await send({"type": "websocket.close"})


# The consumer parses the id: a malformed one is answered like that of a room that does not exist.
router = URLRouter(
    [
        path(paths.route(paths.ROOMS), ChatConsumer.as_asgi()),
        path(paths.route(paths.ROOM), ChatConsumer.as_asgi()),
        re_path(r"", refuse),  # type: ignore[arg-type]  # an ASGI application, no view
    ]
)
