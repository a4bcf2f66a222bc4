"""Events of rooms and messages. Their views show the state at the commit."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import msgspec

from moderado.chat.types import MessageView, RoomMeasures
from moderado.core.events import Event


class ChangeKind(StrEnum):
    """The kinds of public change. `realtime.wire.encode` maps each to a frame type."""

    PUBLISHED = "published"
    UPDATED = "updated"
    REMOVED = "removed"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One public change. `view` is what every reader may see, tombstones included.

    `client_id` is for the author of the message alone, whose view of the change has it too.
    """

    kind: ChangeKind
    seq: int
    view: MessageView
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesQueued(Event):
    """Messages wait for their verdict."""

    message_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChange:
    """Public changes of one room, ascending by seq, without gaps.

    `acl_version` is the version of the room at the time of the changes. They may be sent only after
    the audience was checked at this version or a newer one.
    """

    room_id: UUID
    acl_version: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomsChanged(Event):
    """All public changes of one transaction, with one entry for each room."""

    rooms: tuple[RoomChange, ...]


class Notice(StrEnum):
    """The kinds of notice to an author. `realtime.wire.encode` maps each to a frame type."""

    QUEUED = "queued"
    REJECTED = "rejected"
    HELD = "held"
    REMOVED = "removed"  # a message that was never public was removed
    # Public changes, repeated to the author when the room's own event did not arrive.
    PUBLISHED = "published"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorNotified(Event):
    """An author's sockets must be notified about a message. `view` is the author's own.

    `revision` is the refused one that the notice is about; 0 stands for the newest.
    """

    room_id: UUID
    author_id: UUID
    notice: Notice
    view: MessageView
    revision: int = 0


class QueuedMessage(msgspec.Struct, frozen=True):
    """A new message as its author may see it, and the connection that sent it, if one did."""

    view: MessageView
    connection_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorsNotified(Event):
    """The authors' other connections should show these new messages as queued.

    One event for all messages of a commit, so that their delivery is decided once.
    """

    queued: tuple[QueuedMessage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceChanged(Event):
    """A user may have lost the right to read: the room's audience must be checked again.

    `removed_user_id` was removed from the room: their subscriptions end even in a public room.
    """

    room_id: UUID
    acl_version: int
    removed_user_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomDetailsChanged(Event):
    """The name, mode, privacy, audience or measures of a room, as its readers see it, changed."""

    room_id: UUID
    acl_version: int
    name: str
    is_private: bool
    moderation_mode: str
    audience: str
    measures: RoomMeasures


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRead(Event):
    """A member has read up to `seq`. `acl_version` is the room's before the marker was moved."""

    room_id: UUID
    user_id: UUID
    seq: int
    acl_version: int
