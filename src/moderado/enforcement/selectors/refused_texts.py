"""The texts of an author that a machine keeps from others. The owner of the texts lists them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec


class RefusedText(msgspec.Struct, frozen=True, kw_only=True):
    """A revision that is kept from others. Read from the owner of the texts.

    `id` is that of its row. `is_deleted`: a moderator of the room deleted it, so that no decision
    could show it again.
    """

    id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    scope_id: UUID | None
    text: str
    created_at: datetime
    is_held: bool
    is_deleted: bool = False
    reason: str
    categories: tuple[str, ...]
    explanation: str


ListRefused = Callable[..., Sequence[RefusedText]]
_sources: list[ListRefused] = []


def provide_refused(source: ListRefused) -> None:
    """Register what lists an author's refused texts. Called by `moderado.wiring`."""
    _sources[:] = [source]


def refused_texts_of(**wanted: object) -> list[RefusedText]:
    """Return the refused texts of an author, by what the source takes."""
    return [text for source in _sources for text in source(**wanted)]
