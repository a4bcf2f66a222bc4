"""In which cases a moderator is a party: others decide those.

Lists, counts, frames and `services.fairness` share this rule. Roles in rooms belong to `chat`,
which provides them.
"""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.enforcement.models import CaseExclusion
from moderado.enforcement.types import ROOM, WITHOUT_TEXT
from moderado.moderation.models import Case

_SAME_TEXT = ("subject_type", "subject_id", "revision")

ListIds = Callable[[UUID], Collection[UUID]]
_about_rooms = [ROOM]  # types of subjects whose id is that of a room
_rooms_of: list[ListIds] = []
_moderators_of: list[ListIds] = []


def provide_room_roles(*, rooms_of: ListIds, moderators_of: ListIds, name_type: str) -> None:
    """Register what lists the rooms of a moderator, and the moderators of a room.

    Called by `moderado.wiring`. `name_type` is the type of subject that names of rooms are.
    """
    _rooms_of[:], _moderators_of[:] = [rooms_of], [moderators_of]
    _about_rooms[:] = [ROOM, name_type]


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
            f"{prefix}subject_type__in": list(_about_rooms),
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
    prefix = f"{case}__" if case else ""
    same = {name: OuterRef(f"{prefix}{name}") for name in _SAME_TEXT}
    excluded = exclusions(user_id, case=OuterRef(case or "pk"), **same)
    return about_others(rows, user_id=user_id, case=case).filter(~Exists(excluded))


def exclusions(user_id: UUID, *, case: Any, **same: Any) -> "QuerySet[CaseExclusion]":
    """Return what keeps a person from deciding a case.

    Who has reported a text is a party in each case about it, whatever opened that.

    Args:
        user_id: The person.
        case: The case.
        same: Its `subject_type`, `subject_id` and `revision`.
    """
    same_text = Q(**{f"case__{name}": value for name, value in same.items()})
    of_text = Q(reason=CaseExclusion.Reason.REPORTER) & same_text
    of_text &= ~Q(case__subject_type__in=WITHOUT_TEXT)
    return CaseExclusion.objects.filter(Q(case=case) | of_text, user=user_id)


def exclusions_from(user_id: UUID, case: Case) -> "QuerySet[CaseExclusion]":
    """Return what keeps a person from deciding one case, as `exclusions`."""
    return exclusions(user_id, case=case, **{name: getattr(case, name) for name in _SAME_TEXT})


def about_others(rows: "QuerySet[Any]", *, user_id: UUID, case: str = "") -> "QuerySet[Any]":
    """Leave out the cases about a person, or rows that belong to such cases. As `of_others`."""
    own = rows.model._default_manager.filter(  # noqa: SLF001  (documented)
        is_about(user_id, prefix=f"{case}__" if case else ""), pk=OuterRef("pk")
    )
    return rows.filter(~Exists(own))
