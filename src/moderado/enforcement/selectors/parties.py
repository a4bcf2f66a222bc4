"""In which cases a moderator is a party: others decide those.

Lists, counts, frames and `services.fairness` share this rule. Roles in rooms belong to `chat`,
which provides them.
"""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.enforcement.models import CaseExclusion
from moderado.enforcement.types import ROOM

ListIds = Callable[[UUID], Collection[UUID]]
_rooms_of: list[ListIds] = []
_moderators_of: list[ListIds] = []


def provide_room_roles(*, rooms_of: ListIds, moderators_of: ListIds) -> None:
    """Register what lists the rooms of a moderator, and the moderators of a room.

    Called by `moderado.wiring`.
    """
    _rooms_of[:], _moderators_of[:] = [rooms_of], [moderators_of]


def rooms_moderated_by(user_id: UUID) -> set[UUID]:
    """Return the rooms in which a person is an administrator or a moderator."""
    return {room_id for source in _rooms_of for room_id in source(user_id)}


def moderators_of_room(room_id: UUID) -> set[UUID]:
    """Return the administrators and moderators of a room."""
    return {user_id for source in _moderators_of for user_id in source(room_id)}


def is_about(user_id: UUID, *, prefix: str = "") -> Q:
    """Return the condition of cases about a person, their content, or a room that they run.

    Args:
        user_id: The person.
        prefix: The path from the row to its case, such as `appealed__case__`.
    """
    theirs = Q(**{f"{prefix}author": user_id})
    return theirs | Q(
        **{
            f"{prefix}subject_type": ROOM,
            f"{prefix}subject_id__in": rooms_moderated_by(user_id),
        }
    )


def of_others(rows: "QuerySet[Any]", *, user_id: UUID, case: str = "") -> "QuerySet[Any]":
    """Leave out the cases in which a person is a party, or rows that belong to such cases.

    Args:
        rows: Cases, or rows that name one.
        user_id: The person.
        case: The column with the case; empty for cases.
    """
    excluded = CaseExclusion.objects.filter(case=OuterRef(case or "pk"), user=user_id)
    return about_others(rows, user_id=user_id, case=case).filter(~Exists(excluded))


def about_others(rows: "QuerySet[Any]", *, user_id: UUID, case: str = "") -> "QuerySet[Any]":
    """Leave out the cases about a person, or rows that belong to such cases. As `of_others`."""
    own = rows.model._default_manager.filter(  # noqa: SLF001  (documented)
        is_about(user_id, prefix=f"{case}__" if case else ""), pk=OuterRef("pk")
    )
    return rows.filter(~Exists(own))
