"""The WebSocket contract as an AsyncAPI 3.0 document, generated from the frames."""

from functools import cache
from typing import Any

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from moderado.core.documents import Document, response_to
from moderado.core.quotas import FRAMES
from moderado.core.wire_limits import AUTHENTICATION_SECONDS, KIB, MAX_FRAME_BYTES, MAX_ROOMS
from moderado.realtime.wire import paths, protocol
from moderado.realtime.wire.close_codes import markdown_table
from moderado.realtime.wire.examples import EXAMPLES

Json = dict[str, Any]

_DESCRIPTION = f"""\
Frames are JSON objects in text messages of at most {MAX_FRAME_BYTES // KIB} KiB. The server refuses
unknown fields with an `error`. Frames of the server may grow: ignore fields you do not know.

Credentials, in the order they are tried: `?ticket=` (one use), `?token=` (an access token), the
session cookie (same origin only), or a first frame `authenticate` within
{AUTHENTICATION_SECONDS} s.

Close codes, and whether to reconnect (with jitter). The reason of the close frame is the `code` of
the `error` frame before it, or else the name:

"""


@require_safe
@cache_control(public=True, max_age=300)
def schema(request: HttpRequest) -> HttpResponseBase:
    """Serve the document."""
    return response_to(request, _served())


@cache
def _served() -> Document:
    return Document(msgspec.json.encode(document()), "application/json")


def document() -> Json:
    """Build the document. `make docs` writes it to `docs/asyncapi.json`."""
    client_frames, server_frames = protocol.ClientFrame.__subclasses__(), protocol.SERVER_FRAMES
    _, schemas = msgspec.json.schema_components(
        [*client_frames, *server_frames], ref_template="#/components/schemas/{name}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Chat Moderado: sockets",
            "version": "1",
            "description": _DESCRIPTION + markdown_table(),
        },
        "defaultContentType": "application/json",
        "channels": {
            "room": _channel(paths.ROOM, "One room.", with_room=True),
            "rooms": _channel(
                paths.ROOMS, f"One connection for up to {MAX_ROOMS} rooms: `subscribe`."
            ),
        },
        "operations": {
            f"{verb}_{channel}": _operation(action, channel, frames)
            for channel in ("room", "rooms")
            for verb, action, frames in (
                ("send", "receive", client_frames),
                ("receive", "send", server_frames),
            )
        },
        "components": {
            "schemas": schemas,
            "messages": {
                frame.__name__: _message(frame) for frame in (*client_frames, *server_frames)
            },
        },
    }


def _channel(address: str, description: str, *, with_room: bool = False) -> Json:
    names = [
        frame.__name__
        for frame in (*protocol.ClientFrame.__subclasses__(), *protocol.SERVER_FRAMES)
    ]
    channel: Json = {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "ws": {
                "query": {
                    "type": "object",
                    "properties": {"ticket": {"type": "string"}, "token": {"type": "string"}},
                }
            }
        },
    }
    if with_room:
        channel["parameters"] = {"room_id": {"description": "The room's UUID."}}
    return channel


def _operation(action: str, channel: str, frames: Any) -> Json:
    """The operation. Its name says what a client does, `action` what the server does."""
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [
            {"$ref": f"#/channels/{channel}/messages/{frame.__name__}"} for frame in frames
        ],
    }


def _message(frame: type[msgspec.Struct]) -> Json:
    tag = str(frame.__struct_config__.tag)
    message: Json = {
        "name": tag,
        "summary": (frame.__doc__ or "").partition("\n")[0],
        "payload": {"$ref": f"#/components/schemas/{frame.__name__}"},
    }
    if issubclass(frame, protocol.ClientFrame):
        message["x-quota"] = FRAMES[tag].value
    message["examples"] = [{"payload": msgspec.to_builtins(EXAMPLES[frame])}]
    return message
