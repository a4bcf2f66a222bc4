"""What can be reported. The owner of each kind of subject says what a reporter may point at.

A text that was edited or deleted can be reported as it was seen, for a time (ADR 0136).
"""

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


Find = Callable[[UUID, UUID, int | None], Reported | None]

_finders: dict[str, Find] = {}


def provide_reported(subject_type: str, find: Find) -> None:
    """Register how subjects of a type are found. Called by `moderado.wiring`.

    Args:
        subject_type: The type.
        find: Takes the reporter, the subject, and the revision that the reporter saw, or None for
            the present one. Returns that revision, the present one if that cannot be reported, or
            None if the reporter may not read the subject.
    """
    _finders[subject_type] = find


def reported(
    *, reporter_id: UUID, subject_type: str, subject_id: UUID, revision: int | None = None
) -> Reported | None:
    """Return the subject, or None if the reporter may not read it or it does not exist.

    Args:
        reporter_id: The member who reports.
        subject_type: Kind of subject.
        subject_id: The subject.
        revision: The one that the reporter saw. If it cannot be reported, the present one is
            returned.
    """
    return _finders[subject_type](reporter_id, subject_id, revision)


def _person(_reporter_id: UUID, user_id: UUID, _revision: int | None) -> Reported | None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    return Reported(revision=1, text=user.name, author_id=user.id)


provide_reported(PERSON, _person)
