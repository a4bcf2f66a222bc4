"""Which path is which socket; any other is refused at the handshake."""

from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from moderado.realtime.session.consumer import ChatConsumer


async def unknown(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """There is no socket here: refused before it is accepted, which HTTP says as 403."""
    await receive()
    await send({"type": "websocket.close"})


# The id is read by the consumer: a malformed one is answered as a room that is not there.
router = URLRouter(
    [
        path("ws/chat/", ChatConsumer.as_asgi()),
        path("ws/chat/<str:room_id>/", ChatConsumer.as_asgi()),
        re_path(r"", unknown),  # type: ignore[arg-type]  # an ASGI application, no view
    ]
)
