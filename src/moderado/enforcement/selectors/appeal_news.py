"""What each of many moderators may know of appeals that changed (ADR 0107).

Neither statements nor rows depend on how many appeals are open: PostgreSQL counts those that the
same moderators may decide. `selectors.appeals` has the same rules for one moderator; a test
compares the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count

from moderado.enforcement.events import AppealChange, AppealTraits
from moderado.enforcement.models import Appeal, Queue
from moderado.enforcement.selectors.appeal_places import (
    CASE_IDS,
    OVERDUE,
    PLACE_COLUMNS,
    AppealPlace,
    PlaceQuery,
    place_of,
    with_place,
)
from moderado.enforcement.selectors.appeals import AppealCounts
from moderado.enforcement.selectors.queues import queue_before, queues_closed_to
from moderado.enforcement.types import Actor, AppealState
from moderado.moderation.models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAppeal:
    """An appeal as it is now, with what decides who may decide it.

    `is_changed`: it was made, decided, is overdue or open again, which concerns all who may decide
    it. `before` are its places before its subject or a case changed; `new_parties` are moderators
    who may no longer decide it.
    """

    id: UUID
    state: str
    decision_type: str
    case_id: UUID | None
    place: AppealPlace
    is_changed: bool = False
    before: list[AppealPlace] = field(default_factory=list)
    new_parties: set[UUID] = field(default_factory=set)

    @property
    def scope_id(self) -> UUID | None:
        return self.place.scope_id

    @property
    def is_open(self) -> bool:
        return self.state == AppealState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealNews:
    """What a moderator may know of appeals that changed.

    `seen` has those that they may decide, or might have decided; `left` those that others decide
    from now on. `counts` is about all open appeals that they may decide.
    """

    seen: Mapping[UUID, ShownAppeal]
    left: Mapping[UUID, ShownAppeal]
    counts: AppealCounts

    @property
    def is_empty(self) -> bool:
        """Whether no change concerns the moderator."""
        return not self.seen and not self.left


@dataclass(frozen=True, slots=True)
class _Reader:
    """A moderator with the queues that are closed to them, and the rooms that they run."""

    actor: Actor
    closed: Collection[UUID]
    rooms: Collection[UUID]

    def may_decide(self, place: AppealPlace) -> bool:
        return (
            place.is_in_reach(self.actor)
            and place.is_shown(self.actor, self.closed)
            and self.actor.id not in place.excluded
            and not place.is_about(self.actor.id, self.rooms)
        )

    def sees(self, appeal: ShownAppeal) -> bool:
        """Tell whether the appeal is news to the moderator, who may decide it."""
        if not self.may_decide(appeal.place):
            return False
        return appeal.is_changed or not all(
            each.is_shown(self.actor, self.closed) for each in appeal.before
        )

    def has_lost(self, appeal: ShownAppeal) -> bool:
        """Tell whether the moderator could decide the appeal before the changes, and cannot now."""
        place, user_id = appeal.place, self.actor.id
        if not place.is_in_reach(self.actor) or place.is_about(user_id, self.rooms):
            return False
        is_new_party = user_id in appeal.new_parties and user_id in place.excluded
        if user_id in place.excluded and not is_new_party:
            return False
        is_shown = place.is_shown(self.actor, self.closed)
        was_shown = any(each.is_shown(self.actor, self.closed) for each in appeal.before)
        return (is_shown and is_new_party) or (was_shown and (is_new_party or not is_shown))


def appeal_news(
    *,
    actors: Sequence[Actor],
    changes: Collection[AppealChange],
    rooms: Mapping[UUID, Collection[UUID]],
) -> list[AppealNews]:
    """Return what each of the moderators may know of these changes, in the order of `actors`.

    Args:
        actors: The moderators. One may be there twice, with and without restricted cases.
        changes: What happened to appeals.
        rooms: By moderator, the rooms that they run, where they run any.
    """
    if not actors:  # as when no moderator is connected
        return []
    user_ids = {actor.id for actor in actors}
    queues, closed = queues_closed_to(user_ids)
    if not any(closed.values()):
        queues = []
    readers = [_Reader(each, closed[each.id], rooms.get(each.id, ())) for each in actors]
    changed = _changed(changes, PlaceQuery(user_ids=user_ids, rooms=rooms, queues=queues))
    found = [
        (
            {each.id: each for each in changed if reader.sees(each)},
            {each.id: each for each in changed if reader.has_lost(each)},
        )
        for reader in readers
    ]
    notified = {reader.actor.id for reader, news in zip(readers, found, strict=True) if any(news)}
    waiting = (
        _waiting(PlaceQuery(user_ids=notified, rooms=rooms, queues=queues)) if notified else []
    )
    return [
        AppealNews(
            seen=seen,
            left=left,
            counts=_counts(reader, waiting) if seen or left else AppealCounts(),
        )
        for reader, (seen, left) in zip(readers, found, strict=True)
    ]


def _changed(changes: Collection[AppealChange], query: PlaceQuery) -> list[ShownAppeal]:
    by_id: dict[UUID, list[AppealChange]] = {}
    for change in changes:
        by_id.setdefault(change.appeal_id, []).append(change)
    cases = _cases_before(changes)
    rows = with_place(Appeal.objects.filter(pk__in=by_id), query).order_by("id")
    found = []
    for appeal_id, state, kind, *values in rows.values_list(
        "id", "state", "decision_type", *CASE_IDS, *PLACE_COLUMNS
    ):
        case_ids, place = values[: len(CASE_IDS)], place_of(values[len(CASE_IDS) :])
        theirs = by_id[appeal_id]
        was = [each.was for each in theirs if each.was is not None]
        found.append(
            ShownAppeal(
                id=appeal_id,
                state=state,
                decision_type=kind,
                case_id=case_ids[-1],
                place=place,
                is_changed=any(each.is_for_all for each in theirs),
                before=[_before(each, place, case_ids, cases, query.queues) for each in was],
                new_parties={each.party_id for each in theirs if each.party_id is not None},
            )
        )
    return found


def _cases_before(changes: Iterable[AppealChange]) -> dict[UUID, Case]:
    ids = {each.was.case_id for each in changes if each.was and each.was.case_id}
    return Case.objects.in_bulk(ids) if ids else {}


def _before(
    was: AppealTraits,
    place: AppealPlace,
    case_ids: Iterable[UUID | None],
    cases: Mapping[UUID, Case],
    queues: Sequence[Queue],
) -> AppealPlace:
    """Return the place of an appeal before a change: restricted or not, and in which queues."""
    before = list(place.queues)
    for n, case_id in enumerate(case_ids):
        case = None if case_id is None or case_id != was.case_id else cases.get(case_id)
        if case is not None and was.traits is not None:
            before[n] = queue_before(queues, case, was.traits)
    return place._replace(is_restricted=was.is_restricted, queues=tuple(before))


def _waiting(query: PlaceQuery) -> list[tuple[AppealPlace, AppealCounts]]:
    """Count the open appeals by place, in one statement."""
    rows = with_place(Appeal.objects.filter(state=AppealState.OPEN), query).order_by()
    counted = rows.values(*PLACE_COLUMNS).annotate(
        place_count=Count("pk"), place_overdue=Count("pk", filter=OVERDUE)
    )
    return [
        (place_of(place), AppealCounts(open=count, overdue=overdue))
        for *place, count, overdue in counted.values_list(
            *PLACE_COLUMNS, "place_count", "place_overdue"
        )
    ]


def _counts(reader: _Reader, waiting: Iterable[tuple[AppealPlace, AppealCounts]]) -> AppealCounts:
    theirs = [counts for place, counts in waiting if reader.may_decide(place)]
    return AppealCounts(
        open=sum(each.open for each in theirs), overdue=sum(each.overdue for each in theirs)
    )
