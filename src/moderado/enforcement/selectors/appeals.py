"""Appeals as moderators see them, and as their appellants do."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from moderado.enforcement.models import Appeal
from moderado.enforcement.selectors.decisions import appeal_view
from moderado.enforcement.selectors.parties import of_others
from moderado.enforcement.selectors.reach import follows_from_the_server, is_of_the_server
from moderado.enforcement.selectors.restricted import appeals_for_others
from moderado.enforcement.types import Actor, AppealState
from moderado.enforcement.views import AppealView


def appeals_for(actor: Actor, *, state: AppealState) -> QuerySet[Appeal]:
    """Return the appeals that a moderator may decide: in their rooms, and as no party."""
    found = Appeal.objects.filter(state=state).exclude(appellant=actor.id)
    found = found.exclude(first_decider=actor.id)
    if not actor.sees_restricted:
        found = appeals_for_others(found)
    found = of_others(found, user_id=actor.id, case="appealed__case")
    if actor.scope_ids is not None:
        found = in_rooms(found, actor.scope_ids)
    return found.select_related("appellant").order_by("created_at", "id")


def in_rooms(appeals: QuerySet[Appeal], room_ids: Collection[UUID]) -> QuerySet[Appeal]:
    """Return those that moderators of the rooms may decide: the server's decisions are not."""
    found = appeals.filter(scope_id__in=room_ids)
    theirs = is_of_the_server(ruling="appealed", case="appealed__case")
    return found.filter(~theirs, ~follows_from_the_server())


def own_appeals(user_id: UUID) -> QuerySet[Appeal]:
    """Return the appeals of a person, newest first."""
    return Appeal.objects.filter(appellant=user_id).order_by("-created_at", "-id")


def own_appeal_of(user_id: UUID, *, decision_id: UUID) -> AppealView | None:
    """Return what became of a person's appeal of one decision; None if they made none."""
    found = Appeal.objects.filter(appellant=user_id, decision_id=decision_id).first()
    return None if found is None else appeal_view(found)
