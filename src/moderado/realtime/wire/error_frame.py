"""The frame that refuses another one."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from moderado.realtime.wire.server_frame import ServerFrame


class RestrictionDetails(msgspec.Struct, frozen=True):
    """The sanction of the person, or the measure on the room, that refuses a frame."""

    until: Annotated[
        str | None,
        Meta(description="Null for no end.", extra_json_schema={"format": "date-time"}),
    ]
    reason: Annotated[str, Meta(description="A code; empty for a measure on the room.")]
    sanction: Annotated[
        str | None, Meta(description="Its id in `/api/me/sanctions/`; null for a measure.")
    ]
    note: Annotated[str, Meta(description="What the moderator wrote to the person.")]
    appeal_until: Annotated[
        str | None,
        Meta(
            description="When the time to appeal ends; null for a measure.",
            extra_json_schema={"format": "date-time"},
        ),
    ]
    appeal_path: Annotated[
        str | None, Meta(description="Where to send the appeal by REST; null for a measure.")
    ]


class Error(ServerFrame, frozen=True, tag="error"):
    """A frame was refused, or the connection if a close code follows.

    `error` repeats `message`: existing clients read either of them. `frame`, `client_id`, `id` and
    `room` identify what was refused, as far as the server could read it. `fields` contains an
    error per field.
    """

    code: Annotated[str, Meta(description="Stable; see the table of codes.")]
    message: Annotated[str, Meta(description="A sentence in the user's language.")]
    error: Annotated[str, Meta(description="The same sentence as `message`.")]
    client_id: (
        Annotated[str, Meta(description="Of the refused frame, if it had one.")] | UnsetType
    ) = UNSET
    retry_after: (
        Annotated[int, Meta(description="Seconds; `rate_limited`, `unavailable`, …")] | UnsetType
    ) = UNSET
    fields: (
        Annotated[dict[str, str], Meta(description="A sentence for each invalid field.")]
        | UnsetType
    ) = UNSET
    frame: (
        Annotated[str, Meta(description="The `type` of the refused frame, if it could be read.")]
        | UnsetType
    ) = UNSET
    id: Annotated[str, Meta(description="Of the refused frame, if it had one.")] | UnsetType = UNSET
    room: (
        Annotated[UUID, Meta(description="Of the refused frame, or of the ended subscription.")]
        | UnsetType
    ) = UNSET
    error_id: (
        Annotated[str, Meta(description="Identifies an `internal` error in the server's log.")]
        | UnsetType
    ) = UNSET
    details: (
        Annotated[RestrictionDetails, Meta(description="With `muted`, `banned`, `room_frozen`, …")]
        | UnsetType
    ) = UNSET
