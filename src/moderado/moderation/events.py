from dataclasses import dataclass
from uuid import UUID

from moderado.core.events import Event
from moderado.moderation.types import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecided(Event):
    """A moderator has ruled: `outcome` is ALLOW or BLOCK and overrides any machine verdict."""

    case_id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    outcome: Outcome
    actor_id: UUID
