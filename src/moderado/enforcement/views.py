"""What enforcement tells one person: bodies of frames and of REST answers.

OpenAPI and AsyncAPI are generated from them, with the docstrings and descriptions as they stand
here.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report as its reporter sees it."""

    id: UUID
    subject_type: Annotated[str, Meta(extra_json_schema={"enum": ("message", "person", "room")})]
    subject: Annotated[UUID, Meta(description="The message, person or room.")]
    room: Annotated[UUID | None, Meta(description="Of a message; otherwise null.")]
    category: str
    comment: str
    state: Annotated[
        str,
        Meta(
            description="`closed`: it was changed or deleted before a decision.",
            extra_json_schema={"enum": ("open", "decided", "closed")},
        ),
    ]
    outcome: Annotated[
        str | None, Meta(description="`action_taken` or `no_action`; null until it is decided.")
    ]
    created_at: Moment
    decided_at: Moment | None
    appealable: Annotated[bool, Meta(description="Whether `no_action` can be appealed now.")]
    appeal_until: Annotated[Moment | None, Meta(description="When the time to appeal ends.")]


class BlockView(msgspec.Struct, frozen=True, kw_only=True):
    """A person, and whether this member blocks them now."""

    user: UUID
    is_blocked: bool
