"""Appeals as moderators see them, and as their appellants do."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from moderado.enforcement.models import Appeal
from moderado.enforcement.selectors.appeal_places import CASE_COLUMNS, OVERDUE, of_the_server
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.selectors.parties import lengtheners, of_others
from moderado.enforcement.selectors.queues import in_open_queues
from moderado.enforcement.selectors.restricted import appeals_for_others
from moderado.enforcement.types import Actor, AppealState
from moderado.enforcement.views import AppealView
from moderado.moderation.models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealFilter:
    """Filters of the list of appeals. None does not filter."""

    state: AppealState = AppealState.OPEN
    decision_type: str | None = None
    subject_type: str | None = None
    scope_id: UUID | None = None
    is_overdue: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealCounts:
    """Open appeals that a moderator may decide, and those of them that wait for too long."""

    open: int = 0
    overdue: int = 0


WAITING = AppealFilter()


def appeals_for(actor: Actor, *, wanted: AppealFilter = WAITING) -> QuerySet[Appeal]:
    """Return the appeals that a moderator may decide: in their rooms and queues, and as no party.

    `selectors.appeal_places` has the same rules for many moderators.
    """
    found = Appeal.objects.filter(state=wanted.state).exclude(appellant=actor.id)
    found = found.exclude(first_decider=actor.id)
    lengthened = lengtheners(OuterRef("decision_id")).filter(lengthened_by__contains=[actor.id])
    found = found.filter(~Exists(lengthened))
    if not actor.sees_restricted:
        found = appeals_for_others(found)
    found = in_own_queues(found, actor)
    for case in CASE_COLUMNS:
        found = of_others(found, user_id=actor.id, case=case)
    if actor.scope_ids is not None:
        found = in_rooms(found, actor.scope_ids)
    if wanted.is_overdue is not None:
        found = found.filter(OVERDUE if wanted.is_overdue else ~OVERDUE)
    columns = ("decision_type", "subject_type", "scope_id")
    chosen = {name: getattr(wanted, name) for name in columns}
    found = found.filter(**{name: value for name, value in chosen.items() if value is not None})
    return found.select_related("appellant").order_by("created_at", "id")


def appeal_counts(actor: Actor) -> AppealCounts:
    """Count the open appeals that a moderator may decide."""
    found = appeals_for(actor).order_by()
    return AppealCounts(**found.aggregate(open=Count("pk"), overdue=Count("pk", filter=OVERDUE)))


def open_appeals_about(case: Case) -> QuerySet[Appeal]:
    """Return the open appeals that a party to a case, or to another about its text, may not decide.

    Some may be about another revision.
    """
    same = {"subject_type": case.subject_type, "subject_id": case.subject_id}
    of_text = Q(**{f"appealed__case__{name}": value for name, value in same.items()})
    of_text |= Q(**{f"case__{name}": value for name, value in same.items()})
    return Appeal.objects.filter(of_text, state=AppealState.OPEN)


def in_rooms(appeals: QuerySet[Appeal], room_ids: Collection[UUID]) -> QuerySet[Appeal]:
    """Return those that moderators of the rooms may decide: the server's decisions are not."""
    return appeals.filter(~of_the_server(), scope_id__in=room_ids)


def in_own_queues(appeals: QuerySet[Appeal], actor: Actor) -> QuerySet[Appeal]:
    """Return those of which no case is in a queue that is closed to the moderator."""
    return in_open_queues(appeals, user_id=actor.id, columns=CASE_COLUMNS)


def own_appeals(user_id: UUID) -> QuerySet[Appeal]:
    """Return the appeals of a person, newest first."""
    return Appeal.objects.filter(appellant=user_id).order_by("-created_at", "-id")


def own_appeal_of(user_id: UUID, *, decision_id: UUID) -> AppealView | None:
    """Return what became of a person's appeal of one decision; None if they made none."""
    found = Appeal.objects.filter(appellant=user_id, decision_id=decision_id).first()
    return None if found is None else appeal_view(found)
