"""Messages of the channel layer: batches of hints, signed with the server's key.

Without the signature, anyone who can write to Redis could forge messages of any user. The signed
part names the recipient. A replayed hint is dropped because of its `seq`, or changes nothing.

Each hint is encoded on its own beside its address, so that a process decodes only those for its
own rooms and users.
"""

from collections.abc import Callable, Iterable
from functools import cache
from hashlib import blake2b
from hmac import compare_digest
from uuid import UUID

import msgspec
from django.conf import settings

from moderado.enforcement.events import AppealChange
from moderado.moderation.events import CaseChange
from moderado.realtime.wire.encode import Line

CASES_ADDRESS = UUID(int=1)  # of hints for moderators, whose rooms the sender does not know
APPEALS_ADDRESS = UUID(int=2)  # likewise; its own, for releases that know no such hint skip it
STAFF_ADDRESSES = frozenset({CASES_ADDRESS, APPEALS_ADDRESS})
NO_ADDRESS = UUID(int=0)  # of a hint for neither a room nor a user


class Hint(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """What a hub should know. Delivered at most once: PostgreSQL is the record."""

    @property
    def address(self) -> UUID:
        """The room or user that it concerns, or NO_ADDRESS."""
        return NO_ADDRESS


class RoomHint(Hint, frozen=True):
    """For the subscribers of a room."""

    room_id: UUID

    @property
    def address(self) -> UUID:
        return self.room_id


class UserHint(Hint, frozen=True):
    """For the connections of one user."""

    user_id: UUID

    @property
    def address(self) -> UUID:
        return self.user_id


class RoomLines(RoomHint, frozen=True, tag="lines"):
    """Public changes of a room, ascending by seq without gaps."""

    acl_version: int
    lines: tuple[Line, ...]


class AccessChanged(RoomHint, frozen=True, tag="access"):
    """The room's subscriptions must be checked again; that of a removed user ends."""

    acl_version: int
    removed_user_id: UUID | None = None


class EphemeralLines(RoomHint, frozen=True, tag="ephemeral"):
    """Frames outside the room's order: typing, presence, read markers, room details.

    A line is not sent to the user that it names as its author. `acl_version`: the newest one that
    the publisher knows; users who lost access before are detached first.
    """

    lines: tuple[Line, ...]
    acl_version: int = 0


class AuthorNotice(UserHint, frozen=True, tag="author"):
    """A notice about one of the user's own messages."""

    room_id: UUID
    line: Line


class SessionClosed(UserHint, frozen=True, tag="session"):
    """The session ended: its connections close."""

    session_id: UUID


class PersonLine(UserHint, frozen=True, tag="person"):
    """A notice of enforcement to the user."""

    line: Line


class BlocksHint(UserHint, frozen=True, tag="blocks"):
    """Who is hidden from the user changed."""


class CasesHint(Hint, frozen=True, tag="cases"):
    """Cases changed. Each process finds out who of its users may know."""

    changes: tuple[CaseChange, ...]

    @property
    def address(self) -> UUID:
        return CASES_ADDRESS


class AppealsHint(Hint, frozen=True, tag="appeals"):
    """Appeals changed. Each process finds out who of its users may know."""

    changes: tuple[AppealChange, ...]

    @property
    def address(self) -> UUID:
        return APPEALS_ADDRESS


class Heartbeat(Hint, frozen=True, tag="heartbeat"):
    """Sent by a listener to itself, to detect that it no longer receives."""


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    address: UUID
    hint: msgspec.Raw


AnyHint = (
    RoomLines
    | AccessChanged
    | EphemeralLines
    | AuthorNotice
    | SessionClosed
    | PersonLine
    | BlocksHint
    | CasesHint
    | AppealsHint
    | Heartbeat
)

_decoder: "msgspec.msgpack.Decoder[AnyHint]" = msgspec.msgpack.Decoder(AnyHint)
_entries_decoder = msgspec.msgpack.Decoder(tuple[_Entry, ...])
_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")

Message = dict[str, object]


def pack(hints: Iterable[Hint]) -> Message:
    """Encode and sign `hints`, in order, as one message of the channel layer."""
    body = _encoder.encode(
        [_Entry(hint.address, msgspec.Raw(_encoder.encode(hint))) for hint in hints]
    )
    return {"type": "hint", "body": body, "mac": _mac(body)}


def unpack(message: object, is_wanted: Callable[[UUID], bool]) -> "list[AnyHint] | None":
    """Verify a message of the channel layer and decode the hints that concern this process.

    Args:
        message: Any value; the channel layer is not trusted.
        is_wanted: Whether this process has the room or the user of an address.

    Returns:
        The wanted hints, in order, and those without an address. None if the message is not
        signed with this server's key, or another release encoded it differently.
    """
    if not isinstance(message, dict):
        return None
    body, mac = message.get("body"), message.get("mac")
    if not isinstance(body, bytes) or not isinstance(mac, bytes):
        return None
    if not compare_digest(mac, _mac(body)):
        return None
    try:
        return [
            _decoder.decode(entry.hint)
            for entry in _entries_decoder.decode(body)
            if is_wanted(entry.address) or entry.address == NO_ADDRESS
        ]
    except msgspec.MsgspecError:  # encoded by another release
        return None


def _mac(body: bytes) -> bytes:
    return blake2b(body, key=_key(settings.SECRET_KEY), digest_size=16).digest()


@cache
def _key(secret: str) -> bytes:
    return blake2b(secret.encode(), digest_size=32, person=b"moderado.hint").digest()
