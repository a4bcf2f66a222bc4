"""Frames that tell moderators of appeals."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from moderado.realtime.wire.server_frame import ServerFrame


class AppealFrame(ServerFrame, frozen=True):
    """An appeal that this moderator may decide changed. Without text: load the list again.

    Best effort, and several changes may be told at once. The counts are about all appeals that
    this moderator may decide.
    """

    appeal: Annotated[UUID, Meta(description="The id of the appeal.")]
    decision_type: Annotated[
        str,
        Meta(
            description="What is appealed; `report`: that no action was taken.",
            extra_json_schema={
                "enum": ("ruling", "verdict", "sanction", "suspension", "purge", "report")
            },
        ),
    ]
    room: Annotated[UUID | None, Meta(description="Null for a decision on the whole server.")]
    case: Annotated[UUID | None, Meta(description="If set, a ruling on it decides the appeal.")]
    open_count: Annotated[int, Meta(description="The appeals that wait for a decision.")]
    overdue_count: Annotated[int, Meta(description="Those of them past their `due_at`.")]


class AppealOpened(AppealFrame, frozen=True, tag="appeal_opened"):
    """An appeal waits for a decision: it was made, or is open again."""


class AppealOverdue(AppealFrame, frozen=True, tag="appeal_overdue"):
    """An appeal still waits at its `due_at`. Sent once."""


class AppealClosed(AppealFrame, frozen=True, tag="appeal_closed"):
    """There is nothing left for this moderator to decide: drop the appeal.

    It was decided, its subject has ended, or others decide it from now on, as when its case moves
    to a queue that is closed to this moderator.
    """


APPEAL_FRAMES: tuple[type[AppealFrame], ...] = (AppealOpened, AppealOverdue, AppealClosed)
