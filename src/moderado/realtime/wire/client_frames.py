"""The frames that a client sends. They are closed: an unknown field is an error."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from moderado.core.wire_limits import MAX_CLIENT_ID, MAX_CURSOR, MAX_FRAME_BYTES, MAX_PENDING_IDS
from moderado.moderation.types import Category

MAX_NUMBER = 2**53 - 1  # the largest integer that JavaScript represents exactly

Seq = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
ClientId = Annotated[str, Meta(min_length=1, max_length=MAX_CLIENT_ID)]
Text = Annotated[str, Meta(max_length=MAX_FRAME_BYTES)]  # the chat checks the exact limits
Credential = Annotated[str, Meta(min_length=1, max_length=8_192)]
OnlyRoom = Annotated[
    UUID | None,
    Meta(description="Left out on `/ws/chat/{room_id}/`, which has only this room."),
]
NamedRoom = Annotated[UUID | None, Meta(description="Optional: the id of the message is enough.")]
Epoch = Annotated[
    UUID | None, Meta(description="The `epoch` that belongs to `after`. Another one is a `reset`.")
]


class ClientFrame(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """A frame that a client may send. `room` is optional on `/ws/chat/{room_id}/`."""


class Authenticate(ClientFrame, frozen=True, tag="authenticate"):
    """The first frame of a connection opened without credentials: an access token."""

    token: Annotated[Credential, Meta(description="An access token.")]


class ChatMessage(ClientFrame, frozen=True, tag="chat_message"):
    """Post a message. Answered by `message_queued` once it is stored; safe to send again."""

    message: Annotated[Text, Meta(description="The text.")]
    client_id: Annotated[
        ClientId | None, Meta(description="Your own id of the message; needed to repeat it safely.")
    ] = None
    room: OnlyRoom = None
    reply_to: Annotated[
        UUID | None, Meta(description="A message of the same room that is answered.")
    ] = None


class EditMessage(ClientFrame, frozen=True, tag="edit_message"):
    """Replace the text of one's own message. The new revision is moderated again."""

    id: UUID
    message: Annotated[Text, Meta(description="The new text.")]
    room: NamedRoom = None
    client_id: Annotated[
        ClientId | None, Meta(description="Your own id of this edit; needed to repeat it safely.")
    ] = None


class DeleteMessage(ClientFrame, frozen=True, tag="delete_message"):
    """Delete one's own message, or any message as a moderator of the room."""

    id: UUID
    room: NamedRoom = None
    category: Annotated[
        Category | None,
        Meta(description="By a moderator: why, such as `hate`. The author reads it."),
    ] = None


class Subscribe(ClientFrame, frozen=True, tag="subscribe"):
    """Subscribe to a room. With `after`, the answer also contains the changes after it."""

    room: UUID
    after: Annotated[Seq | None, Meta(description="The last `seq` that you have.")] = None
    epoch: Epoch = None


class Unsubscribe(ClientFrame, frozen=True, tag="unsubscribe"):
    """End the subscription of a room. Not answered."""

    room: UUID


class Sync(ClientFrame, frozen=True, tag="sync"):
    """Request the changes after `after`, and the state of one's own unconfirmed messages."""

    after: Annotated[Seq, Meta(description="The last `seq` that you have; 0 for none.")]
    epoch: Epoch = None
    room: OnlyRoom = None
    pending: Annotated[
        tuple[ClientId, ...],
        Meta(
            max_length=MAX_PENDING_IDS,
            description="The `client_id` of each of your messages that has no answer yet.",
        ),
    ] = ()


class SyncMe(ClientFrame, frozen=True, tag="sync_me"):
    """Request what changed of one's own messages, in all rooms, after a cursor."""

    after: Annotated[
        Annotated[str, Meta(max_length=MAX_CURSOR)] | None,
        Meta(description="The last `me.cursor`. Without it the answer is a `reset`."),
    ] = None


class MarkRead(ClientFrame, frozen=True, tag="mark_read"):
    """Move the read marker to `seq`, never back. Not answered; the room receives `read`."""

    seq: Annotated[Seq, Meta(description="The `seq` up to which the user has read.")]
    room: OnlyRoom = None


class Typing(ClientFrame, frozen=True, tag="typing"):
    """Announce that the user is typing. Forwarded at most every two seconds."""

    room: OnlyRoom = None


class Ping(ClientFrame, frozen=True, tag="ping"):
    """Request a `pong` with the same `n`."""

    n: Annotated[
        Annotated[int, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)] | None,
        Meta(description="Any number, to tell the answers apart."),
    ] = None


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
