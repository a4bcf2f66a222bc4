"""What can be preserved of a subject. The owner of each kind of subject says what that is."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from moderado.accounts.models import User
from moderado.enforcement.types import PERSON


class Preserved(msgspec.Struct, frozen=True, kw_only=True):
    """A subject with its metadata, as plain values.

    `text` is what others see or saw last, empty if that is gone, and `texts` has what is left of
    each revision. A hold keeps `holds`: its kind and id.
    """

    author_id: UUID | None
    rows: Mapping[str, Any]
    text: str = ""
    texts: Mapping[int, str] = {}
    holds: tuple[str, UUID] | None = None


Collect = Callable[[UUID], Preserved | None]

_sources: dict[str, Collect] = {}


def provide_evidence(subject_type: str, collect: Collect) -> None:
    """Register what is preserved of subjects of a type. Called by `moderado.wiring`."""
    _sources[subject_type] = collect


def preserved(subject_type: str, subject_id: UUID) -> Preserved | None:
    """Return what can be preserved of a subject; None if it does not exist."""
    collect = _sources.get(subject_type)
    return collect(subject_id) if collect is not None else None


def find_preserved(subject_id: UUID) -> str | None:
    """Return the type of the subject with this id, or None."""
    for subject_type, collect in _sources.items():
        if collect(subject_id) is not None:
            return subject_type
    return None


def account_rows(user: User) -> dict[str, Any]:
    """Return the data of an account that identify its owner."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "created_at": user.created_at,
        "is_active": user.is_active,
    }


def _person(user_id: UUID) -> Preserved | None:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return None
    rows = {"account": account_rows(user)}
    return Preserved(author_id=user.id, rows=rows, text=user.name, holds=("user", user.id))


provide_evidence(PERSON, _person)
