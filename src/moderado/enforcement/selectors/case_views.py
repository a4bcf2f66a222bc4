"""What each of many moderators may know of cases that changed (ADR 0107).

The number of statements does not depend on how many moderators there are. `selectors.cases` has
the same rules for one moderator; a test compares the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.case_totals import CountedActor, counts_of
from moderado.enforcement.selectors.cases import CaseFilter, in_states
from moderado.enforcement.selectors.parties import Parties, parties_to
from moderado.enforcement.selectors.queues import (
    QueueCounts,
    placed,
    queue_before,
    queues_closed_to,
)
from moderado.enforcement.types import Actor
from moderado.moderation.events import CaseChange, CaseTraits
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import RESTRICTED


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """What a moderator may know of cases that changed.

    `queues` has those that they may decide, `left` those that have left their view by the changes,
    each with its queue. `counts` is about all open cases that they may decide, by queue; it is
    empty if neither has any.
    """

    queues: Mapping[UUID, UUID | None]
    left: Mapping[UUID, UUID | None]
    counts: Mapping[UUID | None, QueueCounts]

    @property
    def has_news(self) -> bool:
        """Whether a change concerns the moderator."""
        return bool(self.queues or self.left)


@dataclass(frozen=True, slots=True)
class _Changed:
    """A case that changed, with its queues and restrictions: the present ones come first."""

    case: Case
    shown: list[tuple[UUID | None, bool]] = field(default_factory=list)
    new_parties: set[UUID] = field(default_factory=set)

    def queue_now(self, actor: Actor, closed: Collection[UUID]) -> list[UUID | None]:
        return self._visible(actor, closed, self.shown[:1])

    def queues_ever(self, actor: Actor, closed: Collection[UUID]) -> list[UUID | None]:
        return self._visible(actor, closed, self.shown)

    def _visible(
        self, actor: Actor, closed: Collection[UUID], shown: Iterable[tuple[UUID | None, bool]]
    ) -> list[UUID | None]:
        if actor.scope_ids is not None and self.case.scope_id not in actor.scope_ids:
            return []
        return [
            queue
            for queue, is_restricted in shown
            if queue not in closed and (actor.sees_restricted or not is_restricted)
        ]


def case_views(
    *,
    actors: Sequence[Actor],
    changes: Collection[CaseChange],
    rooms: Mapping[UUID, Collection[UUID]],
) -> list[CaseView]:
    """Return what each of the moderators may know of these changes, in the order of `actors`.

    Args:
        actors: The moderators. One may be there twice, with and without restricted cases.
        changes: What happened to cases.
        rooms: By moderator, the rooms that they run, where they run any.
    """
    user_ids = {actor.id for actor in actors}
    queues, closed = queues_closed_to(user_ids)
    changed = _changed(changes, queues)
    concerned = {
        actor.id
        for actor in actors
        if any(each.queues_ever(actor, closed[actor.id]) for each in changed)
    }
    looked_at = Q(pk__in=[each.case.pk for each in changed]) | in_states(CaseFilter().states)
    parties = Parties(about={}, excluded={})
    if concerned:
        cases = Case.objects.filter(looked_at)
        parties = parties_to(cases, user_ids=concerned, rooms=rooms)
    seen = [_seen(actor, closed[actor.id], changed, parties) for actor in actors]
    counted = {
        place: CountedActor(
            scope_ids=actor.scope_ids,
            sees_restricted=actor.sees_restricted,
            closed=closed[actor.id],
            own=parties.cases_of(actor.id),
        )
        for place, (actor, news) in enumerate(zip(actors, seen, strict=True))
        if any(news)
    }
    counts = dict(zip(counted, counts_of(list(counted.values()), queues), strict=True))
    return [
        CaseView(queues=now, left=left, counts=counts.get(place, {}))
        for place, (now, left) in enumerate(seen)
    ]


def _changed(changes: Iterable[CaseChange], queues: Sequence[Queue]) -> list[_Changed]:
    was: dict[UUID, list[CaseTraits]] = {}
    parties: dict[UUID, set[UUID]] = {}
    for change in changes:
        was.setdefault(change.case_id, []).extend([change.was] if change.was else [])
        parties.setdefault(change.case_id, set()).update(
            [change.party_id] if change.party_id else []
        )
    found = []
    for case in placed(Case.objects.filter(pk__in=was), queues):
        shown = [(case.queue_id, not RESTRICTED.isdisjoint(case.categories))]
        shown += [
            (queue_before(queues, case, each), not RESTRICTED.isdisjoint(each.categories))
            for each in was[case.pk]
        ]
        found.append(_Changed(case, shown, parties[case.pk]))
    return found


def _seen(
    actor: Actor, closed: Collection[UUID], changed: Iterable[_Changed], parties: Parties
) -> tuple[dict[UUID, UUID | None], dict[UUID, UUID | None]]:
    """Return the cases that a moderator may decide now, and those that they may no longer."""
    now: dict[UUID, UUID | None] = {}
    left: dict[UUID, UUID | None] = {}
    about = parties.about.get(actor.id, set())
    excluded = parties.excluded.get(actor.id, set())
    for each in changed:
        case_id = each.case.pk
        if case_id in about or (case_id in excluded and actor.id not in each.new_parties):
            continue
        if case_id not in excluded and (queue := each.queue_now(actor, closed)):
            now[case_id] = queue[0]
        elif seen := each.queues_ever(actor, closed):
            left[case_id] = seen[-1]
    return now, left
