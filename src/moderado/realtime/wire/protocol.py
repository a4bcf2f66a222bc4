"""The frames of a WebSocket connection, in both directions. AsyncAPI is generated from them.

Client frames are closed: an unknown field is an error. Server frames may grow: clients ignore
fields that they do not know.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from moderado.accounts.types import Person
from moderado.chat.types import (
    Appealable,
    Categories,
    Explanation,
    MessageView,
    Moment,
    ReasonCode,
    Resources,
    SlowModeView,
)
from moderado.chat.views import (
    Audience,
    LeftRooms,
    ModerationMode,
    OwnAppeals,
    OwnBlocks,
    OwnCursor,
    OwnDecisions,
    OwnProfile,
    OwnReports,
    OwnRooms,
    OwnSanctions,
)
from moderado.core.wire_limits import HEARTBEAT_SECONDS
from moderado.realtime.wire.appeal_frames import APPEAL_FRAMES
from moderado.realtime.wire.case_frames import CASE_FRAMES
from moderado.realtime.wire.client_frames import (
    MAX_NUMBER as MAX_NUMBER,
)
from moderado.realtime.wire.client_frames import (
    AnyClientFrame as AnyClientFrame,
)
from moderado.realtime.wire.client_frames import (
    Authenticate as Authenticate,
)
from moderado.realtime.wire.client_frames import (
    ChatMessage as ChatMessage,
)
from moderado.realtime.wire.client_frames import (
    ClientFrame as ClientFrame,
)
from moderado.realtime.wire.client_frames import (
    DeleteMessage as DeleteMessage,
)
from moderado.realtime.wire.client_frames import (
    EditMessage as EditMessage,
)
from moderado.realtime.wire.client_frames import (
    MarkRead as MarkRead,
)
from moderado.realtime.wire.client_frames import (
    Ping as Ping,
)
from moderado.realtime.wire.client_frames import (
    Subscribe as Subscribe,
)
from moderado.realtime.wire.client_frames import (
    Sync as Sync,
)
from moderado.realtime.wire.client_frames import (
    SyncMe as SyncMe,
)
from moderado.realtime.wire.client_frames import (
    Typing as Typing,
)
from moderado.realtime.wire.client_frames import (
    Unsubscribe as Unsubscribe,
)
from moderado.realtime.wire.error_frame import Error as Error
from moderado.realtime.wire.error_frame import RestrictionDetails as RestrictionDetails
from moderado.realtime.wire.person_frames import PERSON_FRAMES
from moderado.realtime.wire.server_frame import ServerFrame as ServerFrame
from moderado.realtime.wire.user_ref import UserRef as UserRef

Head = Annotated[int, Meta(description="The room's last change.")]
RoomEpoch = Annotated[UUID, Meta(description="Identifies the room's history.")]
Present = Annotated[tuple[UUID, ...], Meta(description="Users known to listen to the room.")]


class ConnectionEstablished(ServerFrame, frozen=True, tag="connection_established"):
    """The connection is signed in. Fields of a room are set on `/ws/chat/{room_id}/` only."""

    user: Annotated[Person, Meta(description="The account of this connection.")]
    me: Annotated[OwnCursor, Meta(description="Where the changes of own messages stand now.")]
    heartbeat: Annotated[
        int, Meta(description="Seconds without a frame after which to send `ping`.")
    ] = HEARTBEAT_SECONDS
    room: UUID | UnsetType = UNSET
    seq: Head | UnsetType = UNSET
    epoch: RoomEpoch | UnsetType = UNSET
    moderation_mode: ModerationMode | UnsetType = UNSET
    present: Present | UnsetType = UNSET


class Subscribed(ServerFrame, frozen=True, tag="subscribed"):
    """The room is subscribed from `seq` on. `present`: users known to be in the room."""

    room: UUID
    seq: Head
    epoch: RoomEpoch
    moderation_mode: ModerationMode
    present: Present = ()


class AuthorFrame(ServerFrame, frozen=True):
    """A notice to a message's author alone.

    The fields after `message` belong to the revision that the frame is about. They are absent
    while nothing was decided against it.
    """

    message: MessageView
    reason: ReasonCode | UnsetType = UNSET
    categories: Categories | UnsetType = UNSET
    explanation: Explanation | UnsetType = UNSET
    appealable: Appealable | UnsetType = UNSET
    resources: Resources | UnsetType = UNSET


class MessageQueued(AuthorFrame, frozen=True, tag="message_queued"):
    """The message is stored and will not be lost."""


class MessageRejected(AuthorFrame, frozen=True, tag="message_rejected"):
    """The message, or the edit of it, will not be shown."""


class MessageHeld(AuthorFrame, frozen=True, tag="message_held"):
    """The message, or the edit of it, waits for review by a moderator."""


class RoomFrame(ServerFrame, frozen=True):
    """A public change of a room. Ascending by `seq` on each socket, each at most once."""

    room: UUID
    seq: Annotated[
        int, Meta(description="The number of the change; 0 for a frame that is no change.")
    ]
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
    seq: Annotated[int, Meta(description="How far the answer reaches: the next `after`.")]
    epoch: RoomEpoch
    reset: Annotated[bool, Meta(description="Discard the room's messages and load its history.")]
    more: Annotated[bool, Meta(description="There are changes after this answer.")]
    messages: Annotated[
        tuple[MessageView, ...],
        Meta(description="The present state of what changed, ascending by `seq`."),
    ]
    pending: Annotated[
        Mapping[str, MessageView | None],
        Meta(description="For each `client_id` asked for, the message; null if never stored."),
    ]


class SyncedMe(ServerFrame, frozen=True, tag="synced_me"):
    """The answer to `sync_me`. `more`: ask again from the cursor. `reset`: load all anew."""

    me: Annotated[OwnCursor, Meta(description="The next `after`.")]
    reset: Annotated[bool, Meta(description="Load your profile, rooms and lists anew.")]
    more: Annotated[bool, Meta(description="There are changes after this answer.")]
    messages: Annotated[
        tuple[MessageView, ...], Meta(description="The present state of your changed messages.")
    ]
    profile: OwnProfile
    rooms: OwnRooms
    left_rooms: LeftRooms
    reports: OwnReports
    appeals: OwnAppeals
    sanctions: OwnSanctions
    decisions: OwnDecisions
    blocks: OwnBlocks


class TypingShown(ServerFrame, frozen=True, tag="typing"):
    """A user is typing in the room."""

    room: UUID
    user: Person


class Read(ServerFrame, frozen=True, tag="read"):
    """A member has read up to `seq`."""

    room: UUID
    user: UserRef
    seq: Annotated[int, Meta(description="The read marker.")]


class Presence(ServerFrame, frozen=True, tag="presence"):
    """A user joined or left the room. Best effort."""

    room: UUID
    user: UserRef
    present: Annotated[bool, Meta(description="Whether the user listens now.")]


class RoomChanged(ServerFrame, frozen=True, tag="room_changed"):
    """The room's name, mode, privacy, audience or measures changed, or a name was approved.

    Best effort. A measure that ends by its term is not announced.

    After `subscribed`, fetch the room once: a change before that is not repeated.
    """

    room: UUID
    name: Annotated[str, Meta(description="What its readers see now.")]
    is_private: bool
    moderation_mode: ModerationMode
    audience: Audience
    frozen_until: Annotated[
        Moment | None, Meta(description="Members may read only; null if they may write.")
    ] = None
    newcomers_wait_until: Annotated[
        Moment | None, Meta(description="Newcomers may read only; null if they may write.")
    ] = None
    newcomers_after: Annotated[
        Moment | None, Meta(description="Who has joined later is a newcomer.")
    ] = None
    slow_mode: Annotated[
        SlowModeView | None, Meta(description="How often members may write; null for no limit.")
    ] = None


class Pong(ServerFrame, frozen=True, tag="pong"):
    """The answer to `ping`."""

    n: Annotated[int | None, Meta(description="That of the `ping`; null if it had none.")]


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
    RoomChanged,
    *CASE_FRAMES,
    *APPEAL_FRAMES,
    *PERSON_FRAMES,
    Pong,
    Error,
)


_encoder = msgspec.json.Encoder()


def encode(frame: ServerFrame) -> str:
    """Encode a frame as the text of a WebSocket message."""
    return _encoder.encode(frame).decode()
