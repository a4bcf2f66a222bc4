"""The moderators to notify of changed cases of some rooms."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from moderado.accounts.rights import VIEW_APPEAL, VIEW_CASE, VIEW_RESTRICTED_CASE, staff_with
from moderado.chat.selectors.rooms import rooms_moderated_by_each
from moderado.chat.selectors.staff_audience import SessionReader, audience_of
from moderado.enforcement.selectors.case_views import CaseView, case_views
from moderado.enforcement.selectors.queues import NO_CASES, QueueCounts, queues_closed_to
from moderado.moderation.events import CaseChange


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReader(SessionReader):
    """A moderator, and what they may know.

    `queues` has the cases that they may see, with their queues, and `left` those that they may no
    longer see, with their queues before. `counts` is about the open cases that they may decide, in
    all their rooms, by queue.
    """

    queues: Mapping[UUID, UUID | None]
    left: Mapping[UUID, UUID | None]
    counts: Mapping[UUID | None, QueueCounts]

    @property
    def open_count(self) -> int:
        """The open cases of all queues."""
        return sum(each.open_count for each in self.counts.values())

    def counts_of(self, queue: UUID | None) -> QueueCounts:
        """Return the open cases of a queue."""
        return self.counts.get(queue, NO_CASES)


def case_readers(
    *,
    user_ids: Collection[UUID],
    changes: Collection[CaseChange],
    session_ids: Collection[UUID] = (),
) -> dict[UUID, CaseReader]:
    """Return those of the users whom changes of cases concern, as of now.

    The number of statements does not depend on how many users there are.

    Args:
        user_ids: The users to choose from.
        changes: What happened to which cases. Those without a room are for staff alone.
        session_ids: The sessions of the users. `sessions` names those of staff that have proved
            what `STAFF_SECOND_FACTOR` demands. In others, staff know nothing, and moderators of
            rooms no restricted cases.
    """
    audience = audience_of(
        VIEW_CASE,
        user_ids=user_ids,
        room_ids={change.scope_id for change in changes if change.scope_id},
        session_ids=session_ids,
    )
    views = case_views(actors=audience.actors, changes=changes, rooms=audience.rooms)
    return audience.readers(_reader, views, is_news=lambda view: view.has_news)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVisibility:
    """What decides which cases and appeals a moderator sees, and in which queues.

    `rooms` are those that they moderate, and `closed` the queues that are closed to them. `queues`
    has what decides to which queue a case belongs.
    """

    is_staff: bool
    sees_appeals: bool
    is_trusted: bool
    rooms: frozenset[UUID]
    closed: frozenset[UUID]
    queues: tuple[tuple[UUID, int, str], ...]


def case_visibility(*, user_ids: Collection[UUID]) -> dict[UUID, CaseVisibility]:
    """Return the visibility of cases and appeals for each of the users who sees any."""
    among = set(user_ids)
    staff, of_appeals = staff_with(VIEW_CASE) & among, staff_with(VIEW_APPEAL) & among
    rooms = rooms_moderated_by_each(among)
    moderators = staff | of_appeals | rooms.keys()
    if not moderators:
        return {}
    trusted = staff_with(VIEW_RESTRICTED_CASE) & among
    queues, closed = queues_closed_to(moderators)
    rules = tuple((queue.pk, queue.position, str(queue.filter)) for queue in queues)
    return {
        user_id: CaseVisibility(
            is_staff=user_id in staff,
            sees_appeals=user_id in of_appeals,
            is_trusted=user_id in trusted,
            rooms=frozenset(rooms.get(user_id, ())),
            closed=frozenset(closed[user_id]),
            queues=rules,
        )
        for user_id in moderators
    }


def _reader(view: CaseView, **sessions: Any) -> CaseReader:
    return CaseReader(queues=view.queues, left=view.left, counts=view.counts, **sessions)
