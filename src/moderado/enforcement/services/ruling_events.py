"""Builds the events of a ruling."""

from typing import Any, TypeVar

from moderado.enforcement.events import RulingEvent
from moderado.enforcement.models import Ruling
from moderado.enforcement.types import ContentOutcome

E = TypeVar("E", bound=RulingEvent)


def event_of(kind: type[E], ruling: Ruling, **fields: Any) -> E:
    """Return an event about a ruling; `fields` are what its kind adds or replaces."""
    about = {
        "ruling_id": ruling.id,
        "case_id": ruling.case_id,
        "subject_type": ruling.subject_type,
        "subject_id": ruling.subject_id,
        "revision": ruling.revision,
        "scope_id": ruling.scope_id,
        "author_id": ruling.author_id,
        "actor_id": ruling.actor_id,
        "content": ContentOutcome(ruling.content),
    }
    return kind(**{**about, **fields})
