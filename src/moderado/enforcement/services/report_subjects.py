"""What can be reported. The owner of each kind of subject says what a reporter may point at."""

from collections.abc import Callable
from uuid import UUID

import msgspec

from moderado.accounts.models import User
from moderado.enforcement.types import PERSON


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """A subject as its reporter sees it.

    `author_id` wrote it or is it. `scope_id` is the room whose moderators decide, or None.
    """

    revision: int
    text: str
    author_id: UUID | None
    scope_id: UUID | None = None


Find = Callable[[UUID, UUID], Reported | None]  # of the reporter and the subject

_finders: dict[str, Find] = {}


def provide_reported(subject_type: str, find: Find) -> None:
    """Register how subjects of a type are found. Called by `moderado.wiring`.

    Args:
        subject_type: The type.
        find: Returns the subject, or None if the reporter may not read it.
    """
    _finders[subject_type] = find


def reported(*, reporter_id: UUID, subject_type: str, subject_id: UUID) -> Reported | None:
    """Return the subject, or None if the reporter may not read it or it does not exist."""
    return _finders[subject_type](reporter_id, subject_id)


def _person(_reporter_id: UUID, user_id: UUID) -> Reported | None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    return Reported(revision=1, text=user.name, author_id=user.id)


provide_reported(PERSON, _person)
