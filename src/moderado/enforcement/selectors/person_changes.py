"""The present state of what changed for a person, as their lists show it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

import msgspec
from django.utils import translation

from moderado.enforcement.models import Appeal, PersonBlock, Report, Sanction
from moderado.enforcement.selectors.decisions import appeal_view, decisions_among
from moderado.enforcement.selectors.reports import report_views
from moderado.enforcement.selectors.sanctions import appealed_among, decision_of, view_of
from moderado.enforcement.types import OwnThing
from moderado.enforcement.views import BlockView

Thing = tuple[OwnThing, UUID]


def views_of_things(
    *, user_id: UUID, things: Iterable[Thing], language: str
) -> Mapping[Thing, msgspec.Struct]:
    """Return things of a person as the person sees them now.

    Args:
        user_id: The person.
        things: Kinds and ids. One that the person's lists do not have is left out.
        language: The language of statements.
    """
    ids: dict[OwnThing, list[UUID]] = defaultdict(list)
    for kind, thing_id in things:
        ids[kind].append(thing_id)
    with translation.override(language):
        return {
            (kind, thing_id): view
            for kind, wanted in ids.items()
            for thing_id, view in _READERS[kind](user_id, wanted)
        }


Found = Iterable[tuple[UUID, msgspec.Struct]]


def _reports(user_id: UUID, ids: Collection[UUID]) -> Found:
    own = list(Report.objects.filter(pk__in=ids, reporter=user_id))
    return ((view.id, view) for view in report_views(own))


def _appeals(user_id: UUID, ids: Collection[UUID]) -> Found:
    own = Appeal.objects.filter(pk__in=ids, appellant=user_id)
    return ((appeal.id, appeal_view(appeal)) for appeal in own)


def _sanctions(user_id: UUID, ids: Collection[UUID]) -> Found:
    own = list(Sanction.objects.filter(pk__in=ids, user=user_id))
    appealed, language = appealed_among(own), translation.get_language()
    return (
        (each.id, view_of(each, language=language, is_appealed=decision_of(each) in appealed))
        for each in own
    )


def _decisions(user_id: UUID, ids: Collection[UUID]) -> Found:
    return ((each.view.id, each.view) for each in decisions_among(user_id, ids))


def _blocks(user_id: UUID, ids: Collection[UUID]) -> Found:
    blocked = set(
        PersonBlock.objects.filter(blocker=user_id, blocked__in=ids).values_list(
            "blocked_id", flat=True
        )
    )
    return ((each, BlockView(user=each, is_blocked=each in blocked)) for each in ids)


_READERS: Mapping[OwnThing, Callable[[UUID, Collection[UUID]], Found]] = {
    OwnThing.REPORT: _reports,
    OwnThing.APPEAL: _appeals,
    OwnThing.SANCTION: _sanctions,
    OwnThing.DECISION: _decisions,
    OwnThing.BLOCK: _blocks,
}
