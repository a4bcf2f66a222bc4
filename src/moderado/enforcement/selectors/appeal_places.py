"""What decides who may decide appeals, as columns: for one appeal, or for all that share them.

`selectors.appeals` has the same rules as conditions for one moderator.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models import Case as Switch
from django.db.models.functions import Now

from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.parties import (
    ROOM_TYPES,
    exclusions_of_case,
    lengtheners,
    reporters_of_text,
)
from moderado.enforcement.selectors.queues import UNQUEUED, placed
from moderado.enforcement.selectors.reach import follows_from_the_server, is_of_the_server
from moderado.enforcement.selectors.restricted import is_restricted_appeal
from moderado.enforcement.types import Actor, AppealState
from moderado.moderation.models import Case

# The case of the ruling that is appealed, and the one that the appeal has joined.
CASE_COLUMNS = ("appealed__case", "case")
CASE_IDS = tuple(f"{column}_id" for column in CASE_COLUMNS)
OVERDUE = Q(state=AppealState.OPEN, due_at__lte=Now())


class AppealPlace(NamedTuple):
    """What decides who may decide an appeal, limited to the persons and rooms of the query.

    `queues` are those of its cases, in the order of `CASE_COLUMNS`. `decided_or_appealed` are
    appellant, first decider and who lengthened a sanction, `about` the authors of its cases,
    `rooms` those that its cases are about, and `excluded` the persons whom `parties.exclusions`
    keeps from its cases.
    """

    scope_id: UUID | None
    is_restricted: bool
    is_of_the_server: bool
    queues: tuple[UUID | None, ...]
    decided_or_appealed: frozenset[UUID]
    about: frozenset[UUID]
    rooms: frozenset[UUID]
    excluded: frozenset[UUID]

    def is_in_reach(self, actor: Actor) -> bool:
        """Tell whether an appeal is for the moderator, but for restriction, queue and parties."""
        if actor.id in self.decided_or_appealed:
            return False
        return actor.scope_ids is None or (
            self.scope_id in actor.scope_ids and not self.is_of_the_server
        )

    def is_shown(self, actor: Actor, closed: Collection[UUID]) -> bool:
        """Tell whether restriction and queues leave the appeal to the moderator."""
        is_open = actor.sees_restricted or not self.is_restricted
        return is_open and not any(queue in closed for queue in self.queues)

    def is_about(self, user_id: UUID, rooms: Collection[UUID]) -> bool:
        """Tell whether a case is about a person, their content, or a room that they run."""
        return user_id in self.about or not self.rooms.isdisjoint(rooms)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceQuery:
    """Moderators for whom the places of appeals are read, and what decides about these.

    Args:
        user_ids: The moderators.
        rooms: By moderator, the rooms that they run, where they run any.
        queues: All queues, in their order; none if none is closed to any moderator.
    """

    user_ids: Collection[UUID]
    rooms: Mapping[UUID, Collection[UUID]]
    queues: Sequence[Queue]

    @property
    def run(self) -> set[UUID]:
        return {each for user_id in self.user_ids for each in self.rooms.get(user_id, ())}


_SCALARS = ("place_restricted", "place_server")
_QUEUES = tuple(f"place_queue_{n}" for n, _ in enumerate(CASE_COLUMNS))
_OWN = ("place_appellant", "place_decider")
_LENGTHENED = "place_lengthened"
_ABOUT = tuple(f"place_author_{n}" for n, _ in enumerate(CASE_COLUMNS))
_ROOMS = tuple(f"place_room_{n}" for n, _ in enumerate(CASE_COLUMNS))
_EXCLUDED = tuple(f"place_{name}_{n}" for n, _ in enumerate(CASE_COLUMNS) for name in ("ex", "re"))
PLACE_COLUMNS = ("scope_id", *_SCALARS, *_QUEUES, *_OWN, _LENGTHENED, *_ABOUT, *_ROOMS, *_EXCLUDED)


def with_place(appeals: "QuerySet[Any]", query: PlaceQuery) -> "QuerySet[Any]":
    """Return the appeals with `PLACE_COLUMNS`. Group by them to count; see `place_of`."""
    found: dict[str, Any] = {
        "place_restricted": is_restricted_appeal(),
        "place_server": flag(of_the_server()),
        "place_appellant": _among("appellant", query.user_ids),
        "place_decider": _among("first_decider", query.user_ids),
        _LENGTHENED: _lengtheners_among(query.user_ids),
    }
    for n, case in enumerate(CASE_COLUMNS):
        of_room = Q(**{f"{case}__subject_type__in": ROOM_TYPES})
        found |= {
            f"place_queue_{n}": _queue_of(case, query.queues),
            f"place_author_{n}": _among(f"{case}__author", query.user_ids),
            f"place_room_{n}": _among(f"{case}__subject_id", query.run, of_room),
            f"place_ex_{n}": _array(exclusions_of_case(OuterRef(case)), query),
            f"place_re_{n}": _array(reporters_of_text(f"{case}__"), query),
        }
    placed_rows: QuerySet[Any] = appeals.annotate(**found)
    return placed_rows


def place_of(row: Sequence[Any]) -> AppealPlace:
    """Return the place that the values of `PLACE_COLUMNS` say."""
    values = dict(zip(PLACE_COLUMNS, row, strict=True))
    return AppealPlace(
        scope_id=values["scope_id"],
        is_restricted=values["place_restricted"],
        is_of_the_server=values["place_server"],
        queues=tuple(values[name] for name in _QUEUES),
        decided_or_appealed=_known([*(values[name] for name in _OWN), *values[_LENGTHENED]]),
        about=_known(values[name] for name in _ABOUT),
        rooms=_known(values[name] for name in _ROOMS),
        excluded=_known(each for name in _EXCLUDED for each in values[name]),
    )


def of_the_server() -> Q:
    """Return the condition of appeals that are for the moderators of the server alone."""
    theirs = is_of_the_server(ruling="appealed", case="appealed__case")
    return theirs | follows_from_the_server()


def flag(condition: Q) -> "ExpressionWrapper[Any]":
    """Return a condition as a column."""
    return ExpressionWrapper(condition, output_field=BooleanField())


def _queue_of(case: str, queues: Sequence[Queue]) -> Any:
    if not queues:
        return UNQUEUED
    return Subquery(placed(Case.objects.filter(pk=OuterRef(case)), queues).values("queue_id"))


def _among(column: str, ids: Collection[UUID], also: Q | None = None) -> Any:
    """Return a column where it has one of the ids, and NULL elsewhere."""
    if not ids:
        return UNQUEUED
    wanted = Q(**{f"{column}__in": list(ids)})
    return Switch(
        When(wanted if also is None else wanted & also, then=F(column)), default=Value(None)
    )


class _Unnest(Func):
    """The elements of an array, each as a row."""

    function = "unnest"
    output_field = UUIDField()
    set_returning = True


def _lengtheners_among(ids: Collection[UUID]) -> ArraySubquery:
    found = lengtheners(OuterRef("decision_id")).annotate(lengthener=_Unnest("lengthened_by"))
    of_users = found.filter(lengthened_by__overlap=list(ids))
    return ArraySubquery(of_users.order_by("lengthener").values("lengthener").distinct())


def _array(exclusions: "QuerySet[Any]", query: PlaceQuery) -> ArraySubquery:
    of_users = exclusions.filter(user__in=list(query.user_ids))
    return ArraySubquery(of_users.order_by("user").values("user").distinct())


def _known(values: Iterable[UUID | None]) -> frozenset[UUID]:
    return frozenset(each for each in values if each is not None)
