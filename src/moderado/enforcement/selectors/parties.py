"""In which cases a moderator is a party: others decide those.

Lists, counts, frames and `services.fairness` share this rule. Roles in rooms belong to `chat`,
which provides them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.enforcement.models import CaseExclusion, Sanction
from moderado.enforcement.types import ROOM, WITHOUT_TEXT
from moderado.moderation.models import Case

_SAME_TEXT = ("subject_type", "subject_id", "revision")

ListIds = Callable[[UUID], Collection[UUID]]
ROOM_TYPES = [ROOM]  # types of subjects whose id is that of a room
_rooms_of: list[ListIds] = []
_moderators_of: list[ListIds] = []


def provide_room_roles(*, rooms_of: ListIds, moderators_of: ListIds, name_type: str) -> None:
    """Register what lists the rooms of a moderator, and the moderators of a room.

    Called by `moderado.wiring`. `name_type` is the type of subject that names of rooms are.
    """
    _rooms_of[:], _moderators_of[:] = [rooms_of], [moderators_of]
    ROOM_TYPES[:] = [ROOM, name_type]


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
            f"{prefix}subject_type__in": list(ROOM_TYPES),
            f"{prefix}subject_id__in": rooms_moderated_by(user_id),
        }
    )


def is_of_room_run_by(user_id: UUID, case: Case) -> bool:
    """Tell whether a case is about a room that a person runs, as `is_about` for one case."""
    return case.subject_type in ROOM_TYPES and case.subject_id in rooms_moderated_by(user_id)


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

    A person who has reported a text is a party in each case about it, whatever opened the case.

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


def exclusions_of_case(case: Any) -> "QuerySet[CaseExclusion]":
    """Return what keeps any person from deciding a case by itself, as `exclusions` for one."""
    return CaseExclusion.objects.filter(case=case)


def reporters_of_text(prefix: str) -> "QuerySet[CaseExclusion]":
    """Return the reports of the text of a row's case, as `exclusions` for one person.

    Args:
        prefix: The path from the row to its case, with `__` at the end.
    """
    same = {f"case__{name}": OuterRef(f"{prefix}{name}") for name in _SAME_TEXT}
    found = CaseExclusion.objects.filter(reason=CaseExclusion.Reason.REPORTER, **same)
    return found.exclude(case__subject_type__in=WITHOUT_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """In which cases many persons are parties, by person."""

    about: Mapping[UUID, set[UUID]]  # cases about them, their content, or a room that they run
    excluded: Mapping[UUID, set[UUID]]  # cases that `exclusions` keep from them

    def cases_of(self, user_id: UUID) -> set[UUID]:
        """Return the cases in which a person is a party."""
        return self.about.get(user_id, set()) | self.excluded.get(user_id, set())


def parties_to(
    cases: "QuerySet[Case]",
    *,
    user_ids: Collection[UUID],
    rooms: Mapping[UUID, Collection[UUID]],
) -> Parties:
    """Return in which of the cases these persons are parties: what `of_others` leaves out.

    It takes as many statements for many persons as for one.

    Args:
        cases: Cases to choose from.
        user_ids: The persons.
        rooms: By person, the rooms that they run, where they run any.
    """
    about, excluded = defaultdict[UUID, set[UUID]](set), defaultdict[UUID, set[UUID]](set)
    for user_id, case_id in cases.filter(author__in=user_ids).values_list("author_id", "pk"):
        about[user_id].add(case_id)
    run = {room_id for user_id in user_ids for room_id in rooms.get(user_id, ())}
    of_rooms = cases.filter(subject_type__in=list(ROOM_TYPES), subject_id__in=run)
    for room_id, case_id in of_rooms.values_list("subject_id", "pk"):
        for user_id in user_ids:
            if room_id in rooms.get(user_id, ()):
                about[user_id].add(case_id)
    of_users = CaseExclusion.objects.filter(user__in=user_ids)
    of_cases = of_users.filter(case__in=cases.order_by().values("pk"))
    for user_id, case_id in of_cases.values_list("user_id", "case_id"):
        excluded[user_id].add(case_id)
    for user_id, case_id in _of_reporters(cases, of_users):
        excluded[user_id].add(case_id)
    return Parties(about=about, excluded=excluded)


def _of_reporters(
    cases: "QuerySet[Case]", of_users: "QuerySet[CaseExclusion]"
) -> Iterator[tuple[UUID, UUID]]:
    """Yield who has reported the text of a case in any case about it, and that case."""
    same = cases.filter(**{name: OuterRef(f"case__{name}") for name in _SAME_TEXT})
    reported = of_users.filter(Exists(same), reason=CaseExclusion.Reason.REPORTER)
    reported = reported.exclude(case__subject_type__in=WITHOUT_TEXT)
    reporters = defaultdict[tuple[object, ...], set[UUID]](set)
    for user_id, *text in reported.values_list(
        "user_id", *(f"case__{name}" for name in _SAME_TEXT)
    ):
        reporters[tuple(text)].add(user_id)
    if not reporters:
        return
    about = cases.filter(subject_id__in={text[1] for text in reporters})
    for case_id, *text in about.values_list("pk", *_SAME_TEXT):
        for user_id in reporters.get(tuple(text), ()):
            yield user_id, case_id


def lengtheners(decision: Any) -> "QuerySet[Sanction]":
    """Return the lengthened sanctions of a decision. `lengthened_by` do not decide its appeal.

    Args:
        decision: The id of a ruling, or of a sanction without one.
    """
    of_decision = Q(pk=decision) | Q(ruling=decision)
    return Sanction.objects.filter(of_decision, lengthened_by__isnull=False)


def about_others(rows: "QuerySet[Any]", *, user_id: UUID, case: str = "") -> "QuerySet[Any]":
    """Leave out the cases about a person, or rows that belong to such cases. As `of_others`."""
    own = rows.model._default_manager.filter(  # noqa: SLF001  (documented)
        is_about(user_id, prefix=f"{case}__" if case else ""), pk=OuterRef("pk")
    )
    return rows.filter(~Exists(own))
