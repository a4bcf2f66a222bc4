"""What a person sees of their account and rooms, and what changed for them alone.

Like `types`, these are the contract of REST and WebSocket: the documents are generated from them.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from moderado.accounts.types import Person
from moderado.chat.types import LastMessage, MessageView, Moment, NameChange, SlowModeView
from moderado.enforcement.views import (
    AppealView,
    BlockView,
    DecisionView,
    ReportView,
    SanctionView,
)

OwnName = Annotated[
    str, Meta(description="Your latest name, also while it waits; otherwise the one others see.")
]
ShownName = Annotated[str, Meta(description="The name that others see.")]
OpenNameChange = Annotated[
    NameChange | None,
    Meta(description="A name that waits or was refused, with the reason; otherwise null."),
]
Role = Annotated[str, Meta(extra_json_schema={"enum": ("ADMIN", "MODERATOR", "MEMBER")})]
Audience = Annotated[str, Meta(extra_json_schema={"enum": ("adults", "mixed", "minors")})]
ModerationMode = Annotated[
    str,
    Meta(
        description="When messages are shown.",
        extra_json_schema={"enum": ("pre", "optimistic", "post", "off")},
    ),
]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """An account as its owner sees it."""

    id: UUID
    name: OwnName
    shown_name: ShownName
    name_change: OpenNameChange
    email: str
    language: Annotated[str, Meta(extra_json_schema={"enum": ("pt-br", "en")})]
    is_staff: bool


class Participant(msgspec.Struct, frozen=True):
    """A member of a room."""

    user: Person
    role: Role
    created_at: Moment


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """A room. Only its administrators and moderators see a name that waits."""

    id: UUID
    name: OwnName
    shown_name: ShownName
    name_change: OpenNameChange
    is_private: bool
    moderation_mode: ModerationMode
    audience: Audience
    created_at: Moment
    participants_count: int
    unread_count: Annotated[int, Meta(description="At most 100, which means more than 99.")]
    role: Role | None
    last_activity_at: Annotated[
        Moment, Meta(description="When a message was last published, or the room was created.")
    ]
    last_message: LastMessage | None
    frozen_until: Annotated[
        Moment | None,
        Meta(description="Members may read only; null if they may write. Not for moderators."),
    ]
    newcomers_wait_until: Annotated[
        Moment | None, Meta(description="Newcomers may read only; null if they may write.")
    ]
    newcomers_after: Annotated[
        Moment | None, Meta(description="Who has joined later is a newcomer.")
    ]
    slow_mode: Annotated[
        SlowModeView | None, Meta(description="How often members may write; null for no limit.")
    ]


class RoomDetail(RoomView, frozen=True, kw_only=True):
    """A room with its participants and the position of its change feed."""

    seq: int
    epoch: UUID
    participants: Annotated[
        tuple[Participant, ...],
        Meta(description="The first 1,000 by joining date; `participants_count` counts all."),
    ]


class LeftRoom(msgspec.Struct, frozen=True):
    """A room that is not in the person's list any more."""

    id: UUID


# What else only this person knows: the present state of what changed.
OwnProfile = Annotated[
    Profile | None, Meta(description="Your profile, as in `auth/users/me/`; null if unchanged.")
]
OwnRooms = Annotated[
    tuple[RoomView, ...], Meta(description="Your rooms, as in `chat/rooms/?scope=mine`.")
]
LeftRooms = Annotated[
    tuple[LeftRoom, ...],
    Meta(description="Rooms that are not in that list any more: left, removed from, or deleted."),
]
OwnReports = Annotated[
    tuple[ReportView, ...], Meta(description="Your reports, as in `chat/reports/mine/`.")
]
OwnAppeals = Annotated[
    tuple[AppealView, ...], Meta(description="Your appeals, as in `me/appeals/`.")
]
OwnSanctions = Annotated[
    tuple[SanctionView, ...], Meta(description="Sanctions against you, as in `me/sanctions/`.")
]
OwnDecisions = Annotated[
    tuple[DecisionView, ...], Meta(description="Decisions about you, as in `me/decisions/`.")
]
OwnBlocks = Annotated[
    tuple[BlockView, ...], Meta(description="Persons whom you block, or no longer do.")
]


class OwnCursor(msgspec.Struct, frozen=True):
    """How far the changes for this person are known."""

    cursor: Annotated[str, Meta(description="Opaque: send it as `after`.")]


class OwnChanges(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what changed for a person: own messages, profile, rooms, and what was decided."""

    me: OwnCursor
    reset: Annotated[
        bool, Meta(description="Load your profile, rooms and lists anew, then continue with `me`.")
    ]
    more: Annotated[bool, Meta(description="There are changes after this page.")]
    messages: tuple[MessageView, ...]
    profile: OwnProfile = None
    rooms: OwnRooms = ()
    left_rooms: LeftRooms = ()
    reports: OwnReports = ()
    appeals: OwnAppeals = ()
    sanctions: OwnSanctions = ()
    decisions: OwnDecisions = ()
    blocks: OwnBlocks = ()
