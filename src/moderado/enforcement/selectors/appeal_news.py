"""What each of many moderators may know of appeals that changed (ADR 0107).

The number of statements does not depend on how many moderators there are. `selectors.appeals` has
the same rules for one moderator; a test compares the two.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from moderado.enforcement.events import AppealChange
from moderado.enforcement.models import Appeal
from moderado.enforcement.selectors.appeals import (
    OVERDUE,
    AppealCounts,
    of_the_server,
)
from moderado.enforcement.selectors.parties import Parties, parties_to
from moderado.enforcement.selectors.restricted import is_restricted_appeal
from moderado.enforcement.types import Actor, AppealState
from moderado.moderation.models import Case


class ShownAppeal(NamedTuple):
    """An appeal as it is now, with what decides who may decide it."""

    id: UUID
    state: str
    decision_type: str
    scope_id: UUID | None
    case_id: UUID | None
    appellant_id: UUID
    first_decider_id: UUID | None
    appealed_case_id: UUID | None
    is_restricted: bool
    is_of_the_server: bool
    is_overdue: bool

    @property
    def is_open(self) -> bool:
        return self.state == AppealState.OPEN

    @property
    def case_ids(self) -> set[UUID]:
        return {each for each in (self.case_id, self.appealed_case_id) if each is not None}

    def is_for(self, actor: Actor) -> bool:
        """Whether the moderator may decide it unless they are a party to its case."""
        if actor.id in {self.appellant_id, self.first_decider_id}:
            return False
        if self.is_restricted and not actor.sees_restricted:
            return False
        return actor.scope_ids is None or (
            self.scope_id in actor.scope_ids and not self.is_of_the_server
        )


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
    changed = _shown(Q(pk__in={change.appeal_id for change in changes}))
    new_parties = {(each.party_id, each.appeal_id) for each in changes if each.party_id}
    # A change that concerns one person alone is none for the others.
    for_all = {each.appeal_id for each in changes if each.party_id is None}
    concerned = {actor.id for actor in actors if any(each.is_for(actor) for each in changed)}
    waiting = _shown(Q(state=AppealState.OPEN)) if concerned else []
    parties = _parties([*changed, *waiting], concerned, rooms)
    found = []
    for actor in actors:
        own = parties.cases_of(actor.id)
        about = parties.about.get(actor.id, set())
        theirs = [each for each in changed if each.is_for(actor)]
        seen = {
            each.id: each for each in theirs if each.id in for_all and own.isdisjoint(each.case_ids)
        }
        left = {
            each.id: each
            for each in theirs
            if (actor.id, each.id) in new_parties
            and not own.isdisjoint(each.case_ids)
            and about.isdisjoint(each.case_ids)
        }
        counts = _counts(actor, waiting, own) if seen or left else AppealCounts()
        found.append(AppealNews(seen=seen, left=left, counts=counts))
    return found


def _shown(wanted: Q) -> list[ShownAppeal]:
    rows = Appeal.objects.filter(wanted).annotate(
        is_restricted=is_restricted_appeal(),
        is_of_the_server=_flag(of_the_server()),
        is_overdue=_flag(OVERDUE),
    )
    names = {"appealed_case_id": "appealed__case_id"}
    columns = [names.get(name, name) for name in ShownAppeal._fields]
    return [ShownAppeal(*row) for row in rows.order_by("id").values_list(*columns)]


def _flag(condition: Q) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(condition, output_field=BooleanField())


def _parties(
    appeals: Iterable[ShownAppeal],
    user_ids: Collection[UUID],
    rooms: Mapping[UUID, Collection[UUID]],
) -> Parties:
    ids = set().union(*(each.case_ids for each in appeals)) if user_ids else set()
    if not ids:
        return Parties(about={}, excluded={})
    return parties_to(Case.objects.filter(pk__in=ids), user_ids=user_ids, rooms=rooms)


def _counts(actor: Actor, waiting: Iterable[ShownAppeal], own: Collection[UUID]) -> AppealCounts:
    theirs = [
        each
        for each in waiting
        if each.is_for(actor) and not any(case_id in own for case_id in each.case_ids)
    ]
    return AppealCounts(open=len(theirs), overdue=sum(each.is_overdue for each in theirs))
