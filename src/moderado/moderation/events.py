from dataclasses import dataclass
from uuid import UUID

from moderado.core.events import Event
from moderado.moderation.types import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingStarted(Event):
    """A moderator is about to rule: the owner of the subject locks it before the case is locked."""

    subject_type: str
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecided(Event):
    """A moderator has ruled: `outcome` is ALLOW or BLOCK and overrides any machine verdict.

    A handler raises CaseSuperseded if the ruling has no effect, so that it is not stored.
    """

    case_id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    outcome: Outcome
    actor_id: UUID


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
