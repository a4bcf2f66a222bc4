"""Frozen values of the chat: what readers get to see, and what is to be stored.

The views are the contract of REST and WebSocket. OpenAPI and AsyncAPI are generated from them, with
the docstrings and descriptions as they stand here.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from moderado.accounts.types import Person
from moderado.moderation.help_lines import HelpLine

MESSAGE = "message"  # subject types of moderation
USER_NAME = "user_name"
ROOM_NAME = "room_name"

MESSAGE_STATUSES = ("PENDING", "APPROVED", "REJECTED", "HELD", "REMOVED")

# msgspec describes a time without its format, and a status by its Python type alone.
Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
MessageStatus = Annotated[
    str,
    Meta(
        description="PENDING, HELD and REJECTED are for the author only; REMOVED has no content.",
        extra_json_schema={"enum": MESSAGE_STATUSES},
    ),
]
ReasonCode = Annotated[str, Meta(description="A stable code of why it is not shown.")]
Categories = Annotated[
    tuple[str, ...], Meta(description="What was found, such as `harassment`; may be empty.")
]
Explanation = Annotated[
    str, Meta(description="A sentence in the author's language: what was found and who decided.")
]
Resources = Annotated[
    tuple[HelpLine, ...],
    Meta(description="Where the author finds help; absent unless the text tells of self-harm."),
]
Appealable = Annotated[
    bool,
    Meta(description="Whether the decision can be appealed; `me/decisions/` says until when."),
]


class Author(Person, frozen=True):
    """Who wrote a message: the name that others see, and the role in the room now."""

    role: Annotated[
        str | None, Meta(description="ADMIN, MODERATOR or MEMBER; null for who left the room.")
    ] = None


class LastMessage(msgspec.Struct, frozen=True):
    """The newest visible message of a room, as a list of rooms shows it."""

    id: UUID
    author: Author
    content: Annotated[str, Meta(description="At most 200 characters of it.")]
    published_at: Moment | None


class Draft(msgspec.Struct, frozen=True):
    """An edit that waits or was refused, beside the visible revision. For its author only."""

    revision: Annotated[int, Meta(description="The number of the proposed text.")]
    content: Annotated[str, Meta(description="The proposed text.")]
    status: Annotated[
        str,
        Meta(
            description="Of the edit: PENDING waits, HELD waits for a moderator.",
            extra_json_schema={"enum": ("PENDING", "HELD", "REJECTED")},
        ),
    ]
    reason: ReasonCode | UnsetType = UNSET
    categories: Categories | UnsetType = UNSET
    explanation: Explanation | UnsetType = UNSET
    appealable: Appealable | UnsetType = UNSET
    resources: Resources | UnsetType = UNSET


class NameChange(msgspec.Struct, frozen=True, kw_only=True):
    """A name that waits or was refused. For its author and for moderators only."""

    name: str
    revision: int
    status: Annotated[
        str,
        Meta(
            description="PENDING and HELD wait; REJECTED is not shown.",
            extra_json_schema={"enum": ("PENDING", "HELD", "REJECTED")},
        ),
    ]
    reason: ReasonCode | None
    categories: tuple[str, ...]
    explanation: str | None
    appealable: bool


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A checked message that is about to be stored. `hash` is that of its text, in hex."""

    id: UUID
    room_id: UUID
    author_id: UUID
    client_id: str | None
    hash: str
    text: str
    reply_to: UUID | None = None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as one reader may see it.

    `client_id`, and the fields from `edit` on, are for its author only.
    """

    id: UUID
    room: UUID
    client_id: Annotated[
        str | UnsetType | None,
        Meta(description="For its author only: their own id of the message, or null."),
    ] = UNSET
    author: Author
    content: Annotated[str, Meta(description="The visible text; empty for a removed message.")]
    status: MessageStatus
    revision: Annotated[
        int, Meta(description="The number of the text, from 1; every edit takes a new one.")
    ]
    position: Annotated[int, Meta(description="Orders the messages of a room.")]
    seq: Annotated[
        int, Meta(description="The `seq` of its last public change, or 0 if it had none.")
    ]
    reply_to: Annotated[UUID | None, Meta(description="The message that is answered.")]
    created_at: Moment
    edited_at: Annotated[Moment | None, Meta(description="Null without an edit.")]
    published_at: Annotated[Moment | None, Meta(description="Null while it was never public.")]
    sweep: (
        Annotated[
            UUID,
            Meta(description="Of a tombstone: what removed it among many. Neighbours are a line."),
        ]
        | UnsetType
    ) = UNSET

    edit: (
        Annotated[Draft, Meta(description="An edit beside the visible text, for its author only.")]
        | UnsetType
    ) = UNSET
    reason: ReasonCode | UnsetType = UNSET
    categories: Categories | UnsetType = UNSET
    explanation: Explanation | UnsetType = UNSET
    appealable: Appealable | UnsetType = UNSET
    resources: Resources | UnsetType = UNSET


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """A line that stands for adjacent removed messages of one sweep."""

    sweep: Annotated[UUID, Meta(description="The purge, ruling in bulk, erasure or retention run.")]
    count: Annotated[int, Meta(description="How many messages were removed there.")]
    first_position: Annotated[int, Meta(description="The lowest `position` of them.")]
    last_position: Annotated[int, Meta(description="The highest `position` of them.")]
    last_seq: Annotated[
        int, Meta(description="The highest `seq` of them: a tombstone up to it is counted.")
    ]


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be posted, before anything about it has been checked.

    `connection_id` names the connection that sends it: it gets the answer, so it needs no notice.
    """

    author_id: UUID
    room_id: UUID
    text: str
    client_id: str | None = None
    reply_to: UUID | None = None
    connection_id: str | None = None


class SendResult(msgspec.Struct, frozen=True):
    """The author's view of a stored message.

    `created` is false for a repeat: the `client_id` had been stored before, nothing was done.
    """

    view: MessageView
    created: bool


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The newest state of a room. `acl_version` grows when a reader may have lost access."""

    room: UUID
    seq: int
    epoch: UUID
    acl_version: int
    moderation_mode: str
    deleted: bool


class SlowModeView(msgspec.Struct, frozen=True):
    """Members write once in so many seconds, until a moment."""

    seconds: int
    until: Moment


class RoomMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps members from writing in a room now. It does not bind the room's moderators."""

    frozen_until: Moment | None = None
    newcomers_wait_until: Moment | None = None
    newcomers_after: Moment | None = None
    slow_mode: SlowModeView | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the change feed, ascending by `seq`."""

    room: UUID
    seq: Annotated[int, Meta(description="How far this page reaches: the next `after`.")]
    epoch: UUID
    reset: Annotated[bool, Meta(description="Discard what you have and load the history.")]
    more: Annotated[bool, Meta(description="There are changes after this page.")]
    messages: tuple[MessageView, ...]
