"""Events of enforcement, published in the transaction that they describe."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from moderado.core.events import Event
from moderado.enforcement.types import ContentOutcome, SanctionEnd, SanctionKind
from moderado.moderation.events import CaseTraits


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingEvent(Event):
    """A ruling, with what it is about. `author_id` wrote the subject, or is the subject."""

    ruling_id: UUID
    case_id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    scope_id: UUID | None
    author_id: UUID | None
    actor_id: UUID
    content: ContentOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingMade(RulingEvent):
    """A moderator has ruled. A handler that tells people waits for `RulingSettled`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingUndone(RulingEvent):
    """The moderator took the ruling back before people were notified. The case is open again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingReversed(RulingEvent):
    """The ruling `ruling_id` has no consequences any more: `reversal_id` took its place.

    `actor_id` made the reversal. `content` is that of the ruling which was reversed.
    """

    reversal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingSettled(RulingEvent):
    """The ruling cannot be undone any more: handlers tell the people concerned now.

    Published once for each ruling that was not undone, reversals included. `was_reversed`: the
    reversal was settled first, so that what the ruling led to has ended.
    """

    reverses_id: UUID | None
    was_reversed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionEvent(Event):
    """A measure against a person: `scope_id` is a room, or None for the whole server."""

    sanction_id: UUID
    user_id: UUID
    kind: SanctionKind
    scope_id: UUID | None
    reason: str
    public_note: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionApplied(SanctionEvent):
    """It is in force. Handlers end what the person may no longer do.

    `actor_id` is None for a sanction that strikes led to. `has_note`: it has a public note.
    """

    actor_id: UUID | None
    has_note: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionLifted(SanctionEvent):
    """No longer in force: lifted, over, or undone. Handlers restore what an undone one ended."""

    end: SanctionEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionEndChanged(SanctionEvent):
    """It ends at another moment, or never. `is_longer`: later than before."""

    actor_id: UUID
    is_longer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureDue(Event):
    """An account is to be erased now: a worker may begin."""

    user_id: UUID


class PersonNotice(StrEnum):
    """The kinds of notice to one person. `realtime.wire.encode` maps each to a frame."""

    REPORT_DECIDED = "report_decided"
    DECISION_MADE = "decision_made"
    DECISION_REVERSED = "decision_reversed"
    APPEAL_DECIDED = "appeal_decided"
    BLOCK_CHANGED = "block_changed"
    SANCTION_APPLIED = "sanction_applied"
    SANCTION_CHANGED = "sanction_changed"
    SANCTION_LIFTED = "sanction_lifted"
    MESSAGES_PURGED = "messages_purged"
    REPORTING_SUSPENDED = "reporting_suspended"
    REPORTING_RESTORED = "reporting_restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonNotified(Event):
    """A notice for all connections of a person. `body` is as the person sees it."""

    user_id: UUID
    notice: PersonNotice
    body: msgspec.Struct


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksChanged(Event):
    """Who is hidden from these users changed."""

    user_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQueued(Event):
    """An export of an account's data waits for a worker."""

    export_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeQueued(Event):
    """A purge, or its reversal, waits for a worker."""

    purge_id: UUID


class AppealTraits(msgspec.Struct, frozen=True, kw_only=True):
    """What decided who saw an appeal before its subject, or one of its cases, changed.

    `traits` are those of the case `case_id`; None: they are as before.
    """

    is_restricted: bool
    case_id: UUID | None = None
    traits: CaseTraits | None = None


class AppealChange(msgspec.Struct, frozen=True, kw_only=True):
    """One appeal that was made, decided, or is open again. A hint: its state is in PostgreSQL.

    `is_overdue`: its target time has passed. `party_id` is a moderator who may no longer decide
    it: the change concerns them alone. `was`: something changed that may decide who sees it, which
    concerns those who see it no longer, or from now on.
    """

    appeal_id: UUID
    scope_id: UUID | None
    is_overdue: bool = False
    party_id: UUID | None = None
    was: AppealTraits | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether the change concerns all who may decide the appeal."""
        return self.party_id is None and self.was is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealsChanged(Event):
    """Appeals changed in one transaction: those who may decide them get a notice."""

    changes: tuple[AppealChange, ...]
