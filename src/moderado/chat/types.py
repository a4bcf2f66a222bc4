"""What a reader may know of rooms and messages: frozen, ready to be encoded as it stands."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType


class Person(msgspec.Struct, frozen=True):
    id: UUID
    name: str


class Draft(msgspec.Struct, frozen=True):
    """An edit that waits, or was refused, beside the visible revision. Its author's eyes only."""

    revision: int
    content: str
    status: str
    reason: str | UnsetType = UNSET
    categories: tuple[str, ...] | UnsetType = UNSET
    explanation: str | UnsetType = UNSET
    appealable: bool | UnsetType = UNSET


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a message that is said for the first time. `hash`: of its text, in hex."""

    id: UUID
    created_at: datetime
    room_id: UUID
    author_id: UUID
    client_id: str | None
    hash: str
    text: str


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as one reader may see it. The fields below the line are its author's only."""

    id: UUID
    room: UUID
    client_id: str | None
    author: Person
    content: str
    status: str
    revision: int
    position: int
    seq: int
    reply_to: UUID | None
    created_at: datetime
    edited_at: datetime | None
    published_at: datetime | None

    edit: Draft | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    categories: tuple[str, ...] | UnsetType = UNSET
    explanation: str | UnsetType = UNSET
    appealable: bool | UnsetType = UNSET


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
    """Where a room stands. `acl_version` grows when somebody may have lost the right to read."""

    room: UUID
    seq: int
    epoch: UUID
    acl_version: int
    moderation_mode: str
    deleted: bool


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the change feed. `seq` is how far it reaches; `more`: ask again from there."""

    room: UUID
    seq: int
    epoch: UUID
    reset: bool
    more: bool
    messages: tuple[MessageView, ...]
