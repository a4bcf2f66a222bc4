"""Counts the open cases of many moderators by queue, in at most four statements (ADR 0107).

PostgreSQL counts all cases of rooms. Those in which a moderator is a party are subtracted. Without
them, another one may be the oldest: then the next ones are read, too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from moderado.core import clock
from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.cases import CaseFilter, in_states
from moderado.enforcement.selectors.queues import QueueCounts, placed
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import with_restriction

_GROUP = ("queue_id", "is_restricted")
_EVERYWHERE = object()  # instead of a room: all cases, with and without one

Place = Any  # a room's id, or `_EVERYWHERE`


class _Group(NamedTuple):
    """The cases of one queue in one place, restricted or not."""

    place: Place
    queue: UUID | None
    is_restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedActor:
    """Whose cases are counted.

    Args:
        scope_ids: Their rooms; None: all cases.
        sees_restricted: Whether cases about danger to children are among theirs.
        closed: The queues that are closed to them.
        own: The cases in which they are a party.
    """

    scope_ids: Collection[UUID] | None
    sees_restricted: bool
    closed: Collection[UUID]
    own: Collection[UUID]

    @property
    def places(self) -> Collection[Place]:
        return [_EVERYWHERE] if self.scope_ids is None else self.scope_ids

    def sees(self, group: _Group) -> bool:
        is_open = self.sees_restricted or not group.is_restricted
        return is_open and group.queue not in self.closed


@dataclass(slots=True)
class _Tally:
    """What is known of the groups of cases.

    `counts` and `oldest` include the cases of parties; `own` has these, by group; `first` has the
    times of the oldest cases of a group, in order.
    """

    counts: dict[_Group, int] = field(default_factory=dict)
    oldest: dict[_Group, datetime] = field(default_factory=dict)
    groups: dict[Place, list[_Group]] = field(default_factory=lambda: defaultdict(list))
    own: dict[UUID, list[tuple[_Group, datetime]]] = field(default_factory=dict)
    first: dict[_Group, list[tuple[UUID, datetime]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, group: _Group, count: int, oldest: datetime) -> None:
        self.counts[group], self.oldest[group] = count, oldest
        self.groups[group.place].append(group)

    def own_of(self, actor: CountedActor) -> dict[_Group, list[datetime]]:
        found = defaultdict[_Group, list[datetime]](list)
        places = set(actor.places)
        for case_id in actor.own:
            for group, created_at in self.own.get(case_id, ()):
                if group.place in places and actor.sees(group):
                    found[group].append(created_at)
        return found


def counts_of(
    actors: Sequence[CountedActor], queues: Sequence[Queue]
) -> list[dict[UUID | None, QueueCounts]]:
    """Return the open cases of each of the moderators by queue, as `cases.counts_by_queue`.

    Args:
        actors: The moderators.
        queues: All queues, in their order.
    """
    if not actors:
        return []
    tally = _Tally()
    is_open = Case.objects.filter(in_states(CaseFilter().states))
    cases = with_restriction(placed(is_open, queues)).order_by()
    _count(cases, actors, tally)
    _find_own(cases, {case_id for actor in actors for case_id in actor.own}, tally)
    _find_next(cases, actors, tally)
    now = clock.estimated()
    return [_total(actor, tally, now) for actor in actors]


def _rooms_of(actors: Iterable[CountedActor]) -> set[UUID]:
    return {each for actor in actors for each in actor.scope_ids or ()}


def _count(cases: "QuerySet[Any]", actors: Sequence[CountedActor], tally: _Tally) -> None:
    if rooms := _rooms_of(actors):
        found = cases.filter(scope_id__in=rooms).values("scope_id", *_GROUP)
        for place, queue, is_restricted, count, oldest in _grouped(found, "scope_id", *_GROUP):
            tally.add(_Group(place, queue, is_restricted), count, oldest)
    if any(actor.scope_ids is None for actor in actors):
        for queue, is_restricted, count, oldest in _grouped(cases.values(*_GROUP), *_GROUP):
            tally.add(_Group(_EVERYWHERE, queue, is_restricted), count, oldest)


def _grouped(rows: "QuerySet[Any]", *columns: str) -> "QuerySet[Any]":
    counted: QuerySet[Any] = rows.annotate(cases=Count("pk"), oldest=Min("created_at"))
    return counted.values_list(*columns, "cases", "oldest")


def _find_own(cases: "QuerySet[Any]", own: Collection[UUID], tally: _Tally) -> None:
    if own:
        rows = cases.filter(pk__in=own).values_list("pk", "scope_id", *_GROUP, "created_at")
        for case_id, scope_id, queue, is_restricted, created_at in rows:
            tally.own[case_id] = [
                (_Group(place, queue, is_restricted), created_at)
                for place in (scope_id, _EVERYWHERE)
            ]


def _find_next(cases: "QuerySet[Any]", actors: Sequence[CountedActor], tally: _Tally) -> None:
    """Read the oldest cases of groups whose oldest case is a party's own one."""
    wanted: dict[_Group, int] = {}
    for actor in actors:
        for group, times in tally.own_of(actor).items():
            if min(times) <= tally.oldest.get(group, min(times)):
                wanted[group] = max(wanted.get(group, 0), len(times) + 1)
    rooms = {group.place for group in wanted if group.place is not _EVERYWHERE}
    for place, partition, found in (
        (None, ["scope_id", *_GROUP], cases.filter(scope_id__in=rooms)),
        (_EVERYWHERE, [*_GROUP], cases),
    ):
        most = max((wanted[each] for each in wanted if _is_at(each, place)), default=0)
        if most:
            _read_first(found, partition, most, place, tally)


def _is_at(group: _Group, place: Place) -> bool:
    return (group.place is _EVERYWHERE) == (place is _EVERYWHERE)


def _read_first(
    cases: "QuerySet[Any]", partition: Sequence[str], most: int, place: Place, tally: _Tally
) -> None:
    order = [F("created_at").asc(), F("pk").asc()]
    number = Window(RowNumber(), partition_by=[F(name) for name in partition], order_by=order)
    first = cases.annotate(number=number).filter(Q(number__lte=most)).order_by("created_at", "pk")
    for case_id, scope_id, queue, is_restricted, created_at in first.values_list(
        "pk", "scope_id", *_GROUP, "created_at"
    ):
        group = _Group(place or scope_id, queue, is_restricted)
        tally.first[group].append((case_id, created_at))


def _total(actor: CountedActor, tally: _Tally, now: datetime) -> dict[UUID | None, QueueCounts]:
    own = tally.own_of(actor)
    counts, oldest = defaultdict[UUID | None, int](int), dict[UUID | None, datetime]()
    for group in _groups_of(actor, tally):
        theirs = tally.counts[group] - len(own.get(group, ()))
        if theirs <= 0:
            continue
        since = _oldest(actor, group, own.get(group, ()), tally)
        counts[group.queue] += theirs
        oldest[group.queue] = min(oldest.get(group.queue, since), since)
    return {
        queue: QueueCounts(
            open_count=count, oldest_seconds=max(0, int((now - oldest[queue]).total_seconds()))
        )
        for queue, count in counts.items()
    }


def _groups_of(actor: CountedActor, tally: _Tally) -> Iterator[_Group]:
    for place in actor.places:
        yield from filter(actor.sees, tally.groups.get(place, ()))


def _oldest(
    actor: CountedActor, group: _Group, own: Collection[datetime], tally: _Tally
) -> datetime:
    """Return the time of the oldest case of a group that is not an own one."""
    known = tally.oldest[group]
    if not own or min(own) > known:
        return known
    others = (at for case_id, at in tally.first[group] if case_id not in actor.own)
    return next(others, known)  # none: the cases have changed between the statements
