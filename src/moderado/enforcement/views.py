"""What enforcement tells one person: bodies of frames and of REST answers.

OpenAPI and AsyncAPI are generated from them, with the docstrings and descriptions as they stand
here.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from moderado.accounts.types import Person
from moderado.moderation.help_lines import HelpLine

Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
SanctionState = Literal["active", "lifted", "expired"]
STATES: tuple[SanctionState, ...] = ("active", "lifted", "expired")


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
    appeal: Annotated[
        str | None, Meta(description="Of your appeal: `open` or `decided`; null without one.")
    ]


class BlockView(msgspec.Struct, frozen=True, kw_only=True):
    """A person, and whether this member blocks them now."""

    user: Person
    is_blocked: bool
    created_at: Annotated[Moment | None, Meta(description="Since when; null without a block.")]


class SuspensionView(msgspec.Struct, frozen=True, kw_only=True):
    """A suspension from reporting, as the member sees it. Its id is that of the decision."""

    id: UUID
    reason: str
    explanation: Annotated[str, Meta(description="What it is, why, until when, how to appeal.")]
    public_note: str
    ends_at: Moment
    lifted_at: Moment | None


class SanctionView(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction as its person sees it. Moderators are not named."""

    id: UUID
    kind: Annotated[
        str, Meta(extra_json_schema={"enum": ("warning", "strike", "slow", "mute", "ban")})
    ]
    room: Annotated[UUID | None, Meta(description="Null for the whole server.")]
    reason: Annotated[str, Meta(description="A code, such as `harassment`.")]
    explanation: Annotated[str, Meta(description="What it is, why, and until when.")]
    note: Annotated[str, Meta(description="What the moderator wrote to the person.")]
    automatic: Annotated[bool, Meta(description="Strikes or a verdict led to it, no person.")]
    starts_at: Moment
    ends_at: Annotated[Moment | None, Meta(description="Null for no end.")]
    end_changed_at: Annotated[
        Moment | None, Meta(description="When a moderator last changed `ends_at`; or null.")
    ] = None
    end_reason: Annotated[str, Meta(description="Why it was changed; empty if it was not.")] = ""
    ended_at: Annotated[Moment | None, Meta(description="When it was lifted, or expired.")]
    state: Annotated[str, Meta(extra_json_schema={"enum": STATES})]
    points: Annotated[int | None, Meta(description="Of a strike; otherwise null.")]
    threshold: Annotated[
        int | None, Meta(description="The points of strikes that led to it; null without any.")
    ]
    cause: Annotated[
        UUID | None, Meta(description="The strike that led to it: its id in `me/sanctions/`.")
    ]
    decision: Annotated[UUID, Meta(description="What can be appealed: its id in `me/decisions/`.")]
    appealable: Annotated[bool, Meta(description="Whether you may appeal now.")]
    appeal_until: Annotated[Moment, Meta(description="When the time to appeal ends.")]
    appeal_path: Annotated[str, Meta(description="Where to send the appeal.")]


class SanctionNote(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction that belongs to a decision."""

    id: UUID
    kind: str
    room: Annotated[UUID | None, Meta(description="Null for the whole server.")]
    ends_at: Moment | None
    is_lifted: Annotated[bool, Meta(description="It was lifted before its end.")] = False
    end_changed_at: Annotated[
        Moment | None, Meta(description="When a moderator last changed `ends_at`; or null.")
    ] = None
    end_reason: Annotated[str, Meta(description="Why it was changed; empty if it was not.")] = ""


class AppealView(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal as its appellant sees it."""

    id: UUID
    decision: Annotated[UUID, Meta(description="The decision, or the report, that is appealed.")]
    decision_type: Annotated[
        str,
        Meta(
            extra_json_schema={
                "enum": ("ruling", "verdict", "sanction", "suspension", "purge", "report")
            }
        ),
    ]
    text: str
    state: Annotated[str, Meta(description="`open` or `decided`.")]
    outcome: Annotated[
        str | None, Meta(description="`upheld`, `overturned` or `ended`; null until decided.")
    ]
    explanation: Annotated[str, Meta(description="What became of it; empty until then.")]
    public_note: str
    created_at: Moment
    due_at: Annotated[Moment, Meta(description="By when it should be decided.")]
    decided_at: Moment | None


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about this person."""

    id: Annotated[UUID, Meta(description="To appeal: `me/decisions/{id}/appeal/`.")]
    type: Annotated[
        str,
        Meta(
            description="`deletion`: by a moderator of the room. Its text is gone for good.",
            extra_json_schema={
                "enum": ("ruling", "verdict", "sanction", "suspension", "purge", "deletion")
            },
        ),
    ]
    by: Annotated[
        str,
        Meta(
            description="Who decided: a person of the moderation, or a machine.",
            extra_json_schema={"enum": ("moderation", "machine")},
        ),
    ]
    subject_type: str
    subject: Annotated[
        UUID, Meta(description="The message, name or account; of a purge the account.")
    ]
    room: UUID | None
    outcome: Annotated[
        str,
        Meta(
            extra_json_schema={
                "enum": (
                    "held",
                    "refused",
                    "removed",
                    "kept_flagged",
                    "sanctioned",
                    "suspended",
                )
            }
        ),
    ]
    reason: str
    categories: tuple[str, ...]
    explanation: Annotated[
        str,
        Meta(
            description="The statement of reasons, in the person's language: what was decided, "
            "why, who decided, until when, and how to appeal."
        ),
    ]
    guideline: Annotated[str, Meta(description="The path of the guideline on which it rests.")] = ""
    resources: Annotated[
        tuple[HelpLine, ...], Meta(description="Where to find help, if it is about self-harm.")
    ] = ()
    public_note: Annotated[str, Meta(description="What the moderator writes to the person.")]
    sanctions: tuple[SanctionNote, ...]
    decided_at: Moment
    ends_at: Annotated[
        Moment | None, Meta(description="Of a suspension, or of a sanction without a ruling.")
    ]
    is_reversed: Annotated[bool, Meta(description="It has no consequences any more.")]
    is_being_reversed: Annotated[
        bool,
        Meta(description="Of a purge: it was taken back, and messages are still coming back."),
    ] = False
    appealable: bool
    appeal_until: Annotated[Moment | None, Meta(description="Null: it cannot be appealed.")]
    appeal_path: Annotated[str, Meta(description="Where to send the appeal.")]
    appeal: Annotated[AppealView | None, Meta(description="Your appeal.")]
