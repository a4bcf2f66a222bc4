"""Appeals as moderators see them."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.enforcement.models import Appeal, CaseExclusion
from moderado.enforcement.types import Actor, AppealState
from moderado.moderation.restricted_cases import about_unrestricted


def appeals_for(actor: Actor, *, state: AppealState) -> QuerySet[Appeal]:
    """Return the appeals that a moderator may decide: in their rooms, and as no party."""
    found = Appeal.objects.filter(state=state).exclude(appellant=actor.id)
    found = found.exclude(first_decider=actor.id)
    if not actor.sees_restricted:
        found = about_unrestricted(found)
    excluded = CaseExclusion.objects.filter(case=OuterRef("appealed__case"), user=actor.id)
    is_author = Q(appealed__isnull=False, appealed__author=actor.id)
    found = found.exclude(is_author).filter(~Exists(excluded))
    if actor.scope_ids is not None:
        found = found.filter(scope_id__in=actor.scope_ids)
    return found.select_related("appellant").order_by("created_at", "id")
