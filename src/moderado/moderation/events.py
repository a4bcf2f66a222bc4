from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from moderado.core.events import Event
from moderado.moderation.types import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStarted(Event):
    """A person is about to act on a subject: its owner locks it before its cases are locked."""

    subject_type: str
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecided(Event):
    """A moderator has ruled: `outcome` is ALLOW, FLAG or BLOCK and overrides any machine verdict.

    A handler raises CaseSuperseded if the ruling has no effect, so that it is not stored. Of a
    reversal, and of what members have reported, it applies what it can. `sweep_id` is that of a
    decision about many cases. `category`: the one that the decision names, if any.
    """

    case_id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    outcome: Outcome
    actor_id: UUID
    is_reversal: bool = False
    is_reported: bool = False
    sweep_id: UUID | None = None
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionUndone(Event):
    """A moderator took a ruling back. `before` is what the handler of `CaseDecided` remembered.

    A handler restores the subject, and closes the case if the revision has ended since.
    """

    case_id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    actor_id: UUID
    before: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectQueued(Event):
    """A text of a subject other than a message waits for its verdict."""

    subject_type: str
    subject_id: UUID
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectShown(Event):
    """What others see of a subject changes: `text`, or a placeholder of its owner if None."""

    subject_type: str
    subject_id: UUID
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectsChanging(Event):
    """What others see of these subjects is about to change, later in the same transaction."""

    subject_type: str
    subject_ids: tuple[UUID, ...]


class BlockedRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A revision that a machine blocked. `line_id` is that of the verdict in the log."""

    line_id: UUID
    subject_id: UUID
    revision: int
    scope_id: UUID | None
    author_id: UUID
    policy: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionsBlocked(Event):
    """Machines blocked texts under policies that give strikes for it."""

    blocked: tuple[BlockedRevision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationQueued(Event):
    """An evaluation waits for a worker."""

    evaluation_id: UUID


class CaseStep(StrEnum):
    """What happened to a case."""

    OPENED = "opened"
    CLAIMED = "claimed"
    DECIDED = "decided"
    CLOSED = "closed"
    RETURNED = "returned"  # open again, with a subject that had ended
    RELEASED = "released"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"


class CaseTraits(msgspec.Struct, frozen=True, kw_only=True):
    """What decided who saw a case before it changed: its restriction, and its queue."""

    categories: tuple[str, ...]
    joined_origins: tuple[str, ...]
    priority: int
    is_escalated: bool


class CaseChange(msgspec.Struct, frozen=True, kw_only=True):
    """One case that changed. Without text: it is a hint to load the queue.

    `was` has what the change may have replaced, so that moderators who no longer see the case can
    be informed. `party_id` is a moderator who may no longer decide it: the change concerns them
    alone. `is_restricted`: it was opened as a restricted case, or joined one.
    """

    step: CaseStep
    case_id: UUID
    scope_id: UUID | None
    author_id: UUID | None
    origin: str
    was: CaseTraits | None = None
    party_id: UUID | None = None
    is_restricted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesChanged(Event):
    """Cases were opened, claimed, decided or closed in one transaction."""

    changes: tuple[CaseChange, ...]
