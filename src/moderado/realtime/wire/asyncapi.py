"""The sockets' contract as AsyncAPI 3.0, made from the frames themselves: it cannot drift."""

from typing import Any

import msgspec
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from moderado.realtime.wire import protocol

Document = dict[str, Any]

_CLOSING_CODES = {
    4001: "not, or no longer, authenticated",
    4003: "not a participant",
    4004: "no such room",
    4008: "too slow: reconnect and sync",
    4009: "too many connections",
    4029: "flooding",
    1001: "the server goes away: reconnect with jitter",
    1009: "a frame over 64 KiB",
    1011: "too many errors of the server",
    1012: "the server goes away: reconnect with jitter",
}
_DESCRIPTION = """\
Frames are JSON objects in text messages of at most 64 KiB. What the server parses is closed: an
unknown field is answered by `error`. What it sends may grow: ignore fields you do not know.

Credentials, in the order they are tried: `?ticket=` (one use), `?token=` (an access token), the
session cookie (same origin only), or a first frame `authenticate` within 10 s.

Closing codes: {codes}.
"""


@require_safe
@cache_control(public=True, max_age=300)
def schema(_request: HttpRequest) -> JsonResponse:
    """The document, for machines."""
    return JsonResponse(document())


def document() -> Document:
    """The whole document. `docs/asyncapi.json` is a copy of it."""
    sent, heard = protocol.ClientFrame.__subclasses__(), protocol.SERVER_FRAMES
    _, schemas = msgspec.json.schema_components(
        [*sent, *heard], ref_template="#/components/schemas/{name}"
    )
    codes = "; ".join(f"{code} {meaning}" for code, meaning in _CLOSING_CODES.items())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Chat Moderado: sockets",
            "version": "1",
            "description": _DESCRIPTION.format(codes=codes),
        },
        "defaultContentType": "application/json",
        "channels": {
            "room": _channel("/ws/chat/{room_id}/", "One room.", with_room=True),
            "rooms": _channel("/ws/chat/", "One connection for up to 128 rooms: `subscribe`."),
        },
        "operations": {
            f"{verb}_{channel}": _operation(action, channel, frames)
            for channel in ("room", "rooms")
            for verb, action, frames in (("send", "receive", sent), ("hear", "send", heard))
        },
        "components": {
            "schemas": schemas,
            "messages": {frame.__name__: _message(frame) for frame in (*sent, *heard)},
        },
    }


def _channel(address: str, description: str, *, with_room: bool = False) -> Document:
    names = [
        frame.__name__
        for frame in (*protocol.ClientFrame.__subclasses__(), *protocol.SERVER_FRAMES)
    ]
    channel: Document = {
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


def _operation(action: str, channel: str, frames: Any) -> Document:
    """`action` is the server's: it receives what clients send."""
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [
            {"$ref": f"#/channels/{channel}/messages/{frame.__name__}"} for frame in frames
        ],
    }


def _message(frame: type[msgspec.Struct]) -> Document:
    return {
        "name": frame.__struct_config__.tag,
        "summary": (frame.__doc__ or "").partition("\n")[0],
        "payload": {"$ref": f"#/components/schemas/{frame.__name__}"},
    }
