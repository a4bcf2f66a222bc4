"""What travels through the channel layer: hints, signed, so that nobody else's are believed.

Whoever can write to Redis could otherwise put words into anybody's mouth. A hint says for whom
it is inside the signed part; an old one sent again is dropped for its `seq`, or harmless.
"""

from hashlib import blake2b
from hmac import compare_digest
from uuid import UUID

import msgspec
from django.conf import settings

from moderado.realtime.frames import Line


class Hint(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """Something a hub should hear of."""


class RoomLines(Hint, frozen=True, tag="lines"):
    """Public changes of a room, ascending by seq and without holes."""

    room_id: UUID
    acl_version: int
    lines: tuple[Line, ...]


class AudienceMoved(Hint, frozen=True, tag="audience"):
    """Somebody may no longer read the room; whoever was taken out of it shall not listen on."""

    room_id: UUID
    acl_version: int
    removed_user_id: UUID | None = None


class RoomNote(Hint, frozen=True, tag="note"):
    """Something without a place in the order: typing, presence, how far somebody has read."""

    room_id: UUID
    line: Line
    not_to: UUID | None = None


class AuthorNote(Hint, frozen=True, tag="author"):
    """For the sockets of one user."""

    user_id: UUID
    room_id: UUID
    line: Line


class SessionOver(Hint, frozen=True, tag="session"):
    """The sockets of this session must close."""

    user_id: UUID
    session_id: UUID


class Beat(Hint, frozen=True, tag="beat"):
    """A hub's own, to itself: proof that it still hears."""


AnyHint = RoomLines | AudienceMoved | RoomNote | AuthorNote | SessionOver | Beat

_decoder: "msgspec.msgpack.Decoder[AnyHint]" = msgspec.msgpack.Decoder(AnyHint)
_encoder = msgspec.msgpack.Encoder()

Message = dict[str, object]


def seal(hint: Hint) -> Message:
    """The hint as a message of the channel layer."""
    body = _encoder.encode(hint)
    return {"type": "hint", "body": body, "mac": _mac(body)}


def unseal(message: object) -> "AnyHint | None":
    """The hint in a message of the channel layer, or None if it is not one of ours."""
    if not isinstance(message, dict):
        return None
    body, mac = message.get("body"), message.get("mac")
    if not isinstance(body, bytes) or not isinstance(mac, bytes):
        return None
    if not compare_digest(mac, _mac(body)):
        return None
    try:
        return _decoder.decode(body)
    except msgspec.MsgspecError:  # an older or newer release of ours
        return None


def _mac(body: bytes) -> bytes:
    key = blake2b(settings.SECRET_KEY.encode(), digest_size=32, person=b"moderado.hint").digest()
    return blake2b(body, key=key, digest_size=16).digest()
