"""Frames that tell moderators of cases."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from moderado.realtime.wire.server_frame import ServerFrame


class CaseFrame(ServerFrame, frozen=True):
    """A case that this moderator may decide changed. Without text: load the queue again.

    Best effort, and several changes may be told at once. `open_count` counts the open cases in all
    rooms of the moderator.
    """

    case: Annotated[UUID, Meta(description="The id of the case.")]
    queue: Annotated[UUID | None, Meta(description="Null for a case that no queue holds.")]
    room: Annotated[UUID | None, Meta(description="Null for a name of an account.")]
    origin: Annotated[
        str,
        Meta(description="`hold`: waits hidden; `flag`: public; `report`, `appeal`, `notice`."),
    ]
    open_count: Annotated[int, Meta(description="The open cases in all rooms of this moderator.")]
    queue_open_count: Annotated[int, Meta(description="Those of them in the same queue.")]
    queue_oldest_seconds: Annotated[
        int | None, Meta(description="The age of the oldest of these; null without one.")
    ] = None


class CaseOpened(CaseFrame, frozen=True, tag="case_opened"):
    """A text waits for a moderator."""


class CaseClaimed(CaseFrame, frozen=True, tag="case_claimed"):
    """A moderator works on the case."""


class CaseDecided(CaseFrame, frozen=True, tag="case_decided"):
    """A moderator has decided the case."""


class CaseClosed(CaseFrame, frozen=True, tag="case_closed"):
    """There is nothing left for this moderator to decide: drop the case.

    Its text was replaced or deleted before a decision, or others decide the case from now on.
    """


class CaseAccessChanged(ServerFrame, frozen=True, tag="case_access_changed"):
    """Which cases and appeals you may see has changed, or the queues: load them again.

    Drop what you no longer find. Sent within 5 s of a change of your role in a room, of your
    permissions as staff, or of a queue. It does not say which.
    """


class CaseChanged(CaseFrame, frozen=True, tag="case_changed"):
    """The case was released, put off or handed over to the moderators of the server."""


CASE_FRAMES: tuple[type[ServerFrame], ...] = (
    CaseOpened,
    CaseClaimed,
    CaseDecided,
    CaseClosed,
    CaseChanged,
    CaseAccessChanged,
)
