"""The frames of a WebSocket connection, in both directions. AsyncAPI is generated from them.

Client frames are closed: an unknown field is an error. Server frames may grow: clients ignore
fields that they do not know.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from moderado.chat.types import MessageView, OwnCursor, Person
from moderado.core.wire_limits import (
    HEARTBEAT_SECONDS,
    MAX_CLIENT_ID,
    MAX_CURSOR,
    MAX_FRAME_BYTES,
    MAX_PENDING_IDS,
)
from moderado.realtime.wire.case_frames import CaseClaimed, CaseClosed, CaseDecided, CaseOpened
from moderado.realtime.wire.server_frame import ServerFrame as ServerFrame

MAX_NUMBER = 2**53 - 1  # the largest integer that JavaScript represents exactly

Seq = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
ClientId = Annotated[str, Meta(min_length=1, max_length=MAX_CLIENT_ID)]
Text = Annotated[str, Meta(max_length=MAX_FRAME_BYTES)]  # the chat checks the exact limits
Credential = Annotated[str, Meta(min_length=1, max_length=8_192)]


class ClientFrame(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """A frame that a client may send. `room` is optional on `/ws/chat/{room_id}/`."""


class Authenticate(ClientFrame, frozen=True, tag="authenticate"):
    """The first frame of a connection opened without credentials: an access token."""

    token: Credential


class ChatMessage(ClientFrame, frozen=True, tag="chat_message"):
    """Post a message. Answered by `message_queued` once it is stored; safe to send again."""

    message: Text
    client_id: ClientId | None = None
    room: UUID | None = None
    reply_to: UUID | None = None


class EditMessage(ClientFrame, frozen=True, tag="edit_message"):
    """Replace the text of one's own message. The new revision is moderated again."""

    id: UUID
    message: Text
    room: UUID | None = None


class DeleteMessage(ClientFrame, frozen=True, tag="delete_message"):
    """Delete one's own message, or any message as a moderator of the room."""

    id: UUID
    room: UUID | None = None


class Subscribe(ClientFrame, frozen=True, tag="subscribe"):
    """Subscribe to a room. With `after`, the answer also contains the changes after it."""

    room: UUID
    after: Seq | None = None
    epoch: UUID | None = None


class Unsubscribe(ClientFrame, frozen=True, tag="unsubscribe"):
    """End the subscription of a room. Not answered."""

    room: UUID


class Sync(ClientFrame, frozen=True, tag="sync"):
    """Request the changes after `after`, and the state of one's own unconfirmed messages."""

    after: Seq
    epoch: UUID | None = None
    room: UUID | None = None
    pending: Annotated[tuple[ClientId, ...], Meta(max_length=MAX_PENDING_IDS)] = ()


class SyncMe(ClientFrame, frozen=True, tag="sync_me"):
    """Request what changed of one's own messages, in all rooms, after a cursor."""

    after: Annotated[str, Meta(max_length=MAX_CURSOR)] | None = None


class MarkRead(ClientFrame, frozen=True, tag="mark_read"):
    """Move the read marker to `seq`, never back. Not answered; the room receives `read`."""

    seq: Seq
    room: UUID | None = None


class Typing(ClientFrame, frozen=True, tag="typing"):
    """Announce that the user is typing. Forwarded at most every two seconds."""

    room: UUID | None = None


class Ping(ClientFrame, frozen=True, tag="ping"):
    """Request a `pong` with the same `n`."""

    n: Annotated[int, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)] | None = None


AnyClientFrame = (
    Authenticate
    | ChatMessage
    | EditMessage
    | DeleteMessage
    | Subscribe
    | Unsubscribe
    | Sync
    | SyncMe
    | MarkRead
    | Typing
    | Ping
)


class ConnectionEstablished(ServerFrame, frozen=True, tag="connection_established"):
    """The connection is signed in. Fields of a room are set on `/ws/chat/{room_id}/` only."""

    user: Person
    me: OwnCursor
    heartbeat: int = HEARTBEAT_SECONDS
    room: UUID | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    epoch: UUID | UnsetType = UNSET
    moderation_mode: str | UnsetType = UNSET
    present: tuple[UUID, ...] | UnsetType = UNSET


class Subscribed(ServerFrame, frozen=True, tag="subscribed"):
    """The room is subscribed from `seq` on. `present`: users known to be in the room."""

    room: UUID
    seq: int
    epoch: UUID
    moderation_mode: str
    present: tuple[UUID, ...] = ()


class AuthorFrame(ServerFrame, frozen=True):
    """A notice to a message's author alone. The fields after `message` repeat those in it."""

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
    """The message, or the edit of it, waits for review by a moderator."""


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
    """A message was removed. `message` is its tombstone."""


class Synced(ServerFrame, frozen=True, tag="synced"):
    """The answer to `sync`. `more`: ask again from `seq`. `reset`: reload the room."""

    room: UUID
    seq: int
    epoch: UUID
    reset: bool
    more: bool
    messages: tuple[MessageView, ...]
    pending: Mapping[str, MessageView | None]


class SyncedMe(ServerFrame, frozen=True, tag="synced_me"):
    """The answer to `sync_me`. `more`: ask again from the cursor. `reset`: reload the rooms."""

    me: OwnCursor
    reset: bool
    more: bool
    messages: tuple[MessageView, ...]


class UserRef(msgspec.Struct, frozen=True):
    id: UUID


class TypingShown(ServerFrame, frozen=True, tag="typing"):
    """A user is typing in the room."""

    room: UUID
    user: Person


class Read(ServerFrame, frozen=True, tag="read"):
    """A member has read up to `seq`."""

    room: UUID
    user: UserRef
    seq: int


class Presence(ServerFrame, frozen=True, tag="presence"):
    """A user joined or left the room. Best effort."""

    room: UUID
    user: UserRef
    present: bool


class Pong(ServerFrame, frozen=True, tag="pong"):
    """The answer to `ping`."""

    n: int | None


class Error(ServerFrame, frozen=True, tag="error"):
    """A frame was refused, or the connection if a close code follows.

    `error` repeats `message`: existing clients read either of them. `frame`, `client_id`, `id` and
    `room` identify what was refused, as far as the server could read it. `fields` contains an
    error per field.
    """

    code: str
    message: str
    error: Annotated[str, Meta(description="The same sentence as `message`.")]
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
    SyncedMe,
    TypingShown,
    Read,
    Presence,
    CaseOpened,
    CaseClaimed,
    CaseDecided,
    CaseClosed,
    Pong,
    Error,
)


_encoder = msgspec.json.Encoder()


def encode(frame: ServerFrame) -> str:
    """Encode a frame as the text of a WebSocket message."""
    return _encoder.encode(frame).decode()
