"""Events of enforcement, published in the transaction that they describe."""

from dataclasses import dataclass
from uuid import UUID

from moderado.core.events import Event
from moderado.enforcement.types import ContentOutcome


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
    """The moderator took the ruling back before anybody was told. The case is open again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingReversed(RulingEvent):
    """The ruling `ruling_id` has no consequences any more: `reversal_id` took its place.

    `actor_id` made the reversal. `content` is that of the ruling which was reversed.
    """

    reversal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingSettled(RulingEvent):
    """The ruling cannot be undone any more: handlers tell the people concerned now.

    Published once for each ruling that was not undone, reversals included.
    """

    reverses_id: UUID | None
