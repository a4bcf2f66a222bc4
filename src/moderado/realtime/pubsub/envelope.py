"""What travels through the channel layer: hints, signed, so that nobody else's are believed.

Whoever can write to Redis could otherwise put words into anybody's mouth. A hint says for whom
it is inside the signed part; an old one sent again is dropped for its `seq`, or harmless.

Many hints travel together, each in a wrapping of its own with an address on it: a process unwraps
what is for somebody here, and the rest costs it next to nothing.
"""

from collections.abc import Callable, Iterable
from functools import cache
from hashlib import blake2b
from hmac import compare_digest
from uuid import UUID

import msgspec
from django.conf import settings

from moderado.realtime.wire.encode import Line

NO_ADDRESS = UUID(int=0)  # of no room and no user


class Hint(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """Something a hub should hear of."""

    @property
    def address(self) -> UUID:
        """The room or the user that it concerns, or NO_ADDRESS."""
        return NO_ADDRESS


class RoomHint(Hint, frozen=True):
    """For those who listen to a room."""

    room_id: UUID

    @property
    def address(self) -> UUID:
        return self.room_id


class UserHint(Hint, frozen=True):
    """For the sockets of one user."""

    user_id: UUID

    @property
    def address(self) -> UUID:
        return self.user_id


class RoomLines(RoomHint, frozen=True, tag="lines"):
    """Public changes of a room, ascending by seq and without holes."""

    acl_version: int
    lines: tuple[Line, ...]


class AccessChanged(RoomHint, frozen=True, tag="audience"):
    """Somebody may no longer read the room; whoever was taken out of it shall not listen on."""

    acl_version: int
    removed_user_id: UUID | None = None


class EphemeralLines(RoomHint, frozen=True, tag="note"):
    """What has no place in the order: typing, presence, how far somebody has read. Whoever a line
    names as its author does not hear it."""

    lines: tuple[Line, ...]


class AuthorNotice(UserHint, frozen=True, tag="author"):
    """What became of a message of theirs."""

    room_id: UUID
    line: Line


class SessionClosed(UserHint, frozen=True, tag="session"):
    """The sockets of this session must close."""

    session_id: UUID


class Heartbeat(Hint, frozen=True, tag="beat"):
    """A hub's own, to itself: proof that it still hears."""


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    address: UUID
    hint: msgspec.Raw


AnyHint = RoomLines | AccessChanged | EphemeralLines | AuthorNotice | SessionClosed | Heartbeat

_decoder: "msgspec.msgpack.Decoder[AnyHint]" = msgspec.msgpack.Decoder(AnyHint)
_unwrapper = msgspec.msgpack.Decoder(tuple[_Entry, ...])
_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")

Message = dict[str, object]


def pack(hints: Iterable[Hint]) -> Message:
    """The hints as one message of the channel layer, in their order."""
    body = _encoder.encode(
        [_Entry(hint.address, msgspec.Raw(_encoder.encode(hint))) for hint in hints]
    )
    return {"type": "hint", "body": body, "mac": _mac(body)}


def unpack(message: object, is_wanted: Callable[[UUID], bool]) -> "list[AnyHint] | None":
    """The hints in a message of the channel layer whose address is wanted here, or none's; None
    if the message is not one of ours."""
    if not isinstance(message, dict):
        return None
    body, mac = message.get("body"), message.get("mac")
    if not isinstance(body, bytes) or not isinstance(mac, bytes):
        return None
    if not compare_digest(mac, _mac(body)):
        return None
    try:
        return [
            _decoder.decode(wrapped.hint)
            for wrapped in _unwrapper.decode(body)
            if is_wanted(wrapped.address) or wrapped.address == NO_ADDRESS
        ]
    except msgspec.MsgspecError:  # an older or newer release of ours
        return None


def _mac(body: bytes) -> bytes:
    return blake2b(body, key=_key(settings.SECRET_KEY), digest_size=16).digest()


@cache
def _key(secret: str) -> bytes:
    return blake2b(secret.encode(), digest_size=32, person=b"moderado.hint").digest()
