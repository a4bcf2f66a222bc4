"""Every frame that may cross a socket, in both directions. `parsing` reads them, `asyncapi` tells.

What the server parses is closed: an unknown field is a mistake on one side or the other. What it
sends may grow, so a client ignores the fields it does not know.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from moderado.chat.types import MessageView, Person
from moderado.core.wire_limits import (
    HEARTBEAT_SECONDS,
    MAX_CLIENT_ID,
    MAX_FRAME_BYTES,
    MAX_PENDING_IDS,
)

# Clients compute with doubles, PostgreSQL with bigints: no larger number has a meaning here.
MAX_NUMBER = 2**53 - 1

Seq = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
ClientId = Annotated[str, Meta(min_length=1, max_length=MAX_CLIENT_ID)]
Text = Annotated[str, Meta(max_length=MAX_FRAME_BYTES)]  # the exact limits are the chat's own
Credential = Annotated[str, Meta(min_length=1, max_length=8_192)]


class ClientFrame(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """What a client may send. `room` may be left out on `/ws/chat/{room_id}/`."""


class Authenticate(ClientFrame, frozen=True, tag="authenticate"):
    """The first frame of a socket opened without credentials: within 10 s, an access token."""

    token: Credential


class ChatMessage(ClientFrame, frozen=True, tag="chat_message"):
    """Say something. Answered by `message_queued` once it is stored; safe to send again."""

    message: Text
    client_id: ClientId | None = None
    room: UUID | None = None
    reply_to: UUID | None = None


class EditMessage(ClientFrame, frozen=True, tag="edit_message"):
    """Replace the text of one's own message: a new revision, judged anew."""

    id: UUID
    message: Text
    room: UUID | None = None


class DeleteMessage(ClientFrame, frozen=True, tag="delete_message"):
    """Take a message back, one's own or as a moderator of the room."""

    id: UUID
    room: UUID | None = None


class Subscribe(ClientFrame, frozen=True, tag="subscribe"):
    """Listen to a room; with `after`, catch up from there in the same step."""

    room: UUID
    after: Seq | None = None
    epoch: UUID | None = None


class Unsubscribe(ClientFrame, frozen=True, tag="unsubscribe"):
    """Listen no longer. Not answered."""

    room: UUID


class Sync(ClientFrame, frozen=True, tag="sync"):
    """Ask for what changed after `after`, and what became of one's own unanswered messages."""

    after: Seq
    epoch: UUID | None = None
    room: UUID | None = None
    pending: Annotated[tuple[ClientId, ...], Meta(max_length=MAX_PENDING_IDS)] = ()


class MarkRead(ClientFrame, frozen=True, tag="mark_read"):
    """Everything up to `seq` was seen. Never moves back. Not answered, but told to the room."""

    seq: Seq
    room: UUID | None = None


class Typing(ClientFrame, frozen=True, tag="typing"):
    """Somebody is writing. Passed on at most every two seconds."""

    room: UUID | None = None


class Ping(ClientFrame, frozen=True, tag="ping"):
    """Answered by `pong` with the same `n`."""

    n: Annotated[int, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)] | None = None


AnyClientFrame = (
    Authenticate
    | ChatMessage
    | EditMessage
    | DeleteMessage
    | Subscribe
    | Unsubscribe
    | Sync
    | MarkRead
    | Typing
    | Ping
)


class ServerFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the server sends. Unset fields are left out."""


class ConnectionEstablished(ServerFrame, frozen=True, tag="connection_established"):
    """The socket is open and signed in. The room's fields only on `/ws/chat/{room_id}/`."""

    user: Person
    heartbeat: int = HEARTBEAT_SECONDS
    room: UUID | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    epoch: UUID | UnsetType = UNSET
    moderation_mode: str | UnsetType = UNSET
    present: tuple[UUID, ...] | UnsetType = UNSET


class Subscribed(ServerFrame, frozen=True, tag="subscribed"):
    """From `seq` on, this socket hears the room. `present`: who is listening, as far as known."""

    room: UUID
    seq: int
    epoch: UUID
    moderation_mode: str
    present: tuple[UUID, ...] = ()


class AuthorFrame(ServerFrame, frozen=True):
    """About a message, to its author alone; the fields below `message` repeat those inside."""

    message: MessageView
    reason: str | UnsetType = UNSET
    categories: tuple[str, ...] | UnsetType = UNSET
    explanation: str | UnsetType = UNSET
    appealable: bool | UnsetType = UNSET


class MessageQueued(AuthorFrame, frozen=True, tag="message_queued"):
    """The message is stored and will not be lost."""


class MessageRejected(AuthorFrame, frozen=True, tag="message_rejected"):
    """The message, or the edit of it, will not be shown."""


class MessageHeld(AuthorFrame, frozen=True, tag="message_held"):
    """The message, or the edit of it, waits for a person's decision."""


class RoomFrame(ServerFrame, frozen=True):
    """A public change of a room. Ascending by `seq` on each socket, each at most once."""

    room: UUID
    seq: int
    message: MessageView


class MessageShown(RoomFrame, frozen=True, tag="chat_message"):
    """A message is public for the first time."""


class MessageUpdated(RoomFrame, frozen=True, tag="message_updated"):
    """A public message has a new text."""


class MessageRemoved(RoomFrame, frozen=True, tag="message_removed"):
    """A message is gone: what remains is a tombstone."""


class Synced(ServerFrame, frozen=True, tag="synced"):
    """The answer to `sync`. `more`: ask again from `seq`. `reset`: reload the room."""

    room: UUID
    seq: int
    epoch: UUID
    reset: bool
    more: bool
    messages: tuple[MessageView, ...]
    pending: Mapping[str, MessageView | None]


class Reader(msgspec.Struct, frozen=True):
    id: UUID


class TypingShown(ServerFrame, frozen=True, tag="typing"):
    room: UUID
    user: Person


class Read(ServerFrame, frozen=True, tag="read"):
    """A member has read up to `seq`."""

    room: UUID
    user: Reader
    seq: int


class Presence(ServerFrame, frozen=True, tag="presence"):
    """Somebody began or ceased to listen to the room. Best effort."""

    room: UUID
    user: Reader
    present: bool


class Pong(ServerFrame, frozen=True, tag="pong"):
    n: int | None


class Error(ServerFrame, frozen=True, tag="error"):
    """A frame was refused, or, when a closing code follows, the socket is.

    `frame`, `id` and `room` name what was refused, as far as the server could read it;
    `fields` says what is wrong where.
    """

    code: str
    message: str
    client_id: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    fields: dict[str, str] | UnsetType = UNSET
    frame: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    room: UUID | UnsetType = UNSET
    error_id: str | UnsetType = UNSET


SERVER_FRAMES: tuple[type[ServerFrame], ...] = (
    ConnectionEstablished,
    Subscribed,
    MessageQueued,
    MessageShown,
    MessageUpdated,
    MessageRemoved,
    MessageRejected,
    MessageHeld,
    Synced,
    TypingShown,
    Read,
    Presence,
    Pong,
    Error,
)


_encoder = msgspec.json.Encoder()


def encode(frame: ServerFrame) -> str:
    """The frame as it is written to the socket."""
    return _encoder.encode(frame).decode()
