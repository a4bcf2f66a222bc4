"""What staff did, for the audit that `enforcement` keeps. Any context publishes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from moderado.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffActed(Event):
    """A member of staff, or an operator on the command line, did something.

    Published in the transaction of the action, so that no action is stored without its line.

    Attributes:
        actor_id: Who acted; None for the command line.
        action: What happened, as a code such as `policy_enabled`.
        subject_type: What it happened to.
        subject_id: Its id.
        details: Ids, codes and numbers, and no text about persons: lines are never erased.
    """

    actor_id: UUID | None
    action: str
    subject_type: str = ""
    subject_id: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
