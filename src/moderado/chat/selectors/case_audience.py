"""Who may be told that cases of some rooms have changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from moderado.accounts.rights import (
    VIEW_CASE,
    VIEW_RESTRICTED_CASE,
    sessions_with_second_factor,
    staff_with,
)
from moderado.chat.selectors.rooms import active_moderators, rooms_moderated_by_each
from moderado.enforcement.selectors.case_views import CaseView, case_views
from moderado.enforcement.selectors.queues import NO_CASES, QueueCounts, queues_closed_to
from moderado.enforcement.types import Actor
from moderado.moderation.events import CaseChange


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReader:
    """A moderator, and what they may know.

    `queues` has the cases that they may see, with their queues, and `left` those that they may no
    longer see, with their queues before. `counts` is about the open cases that they may decide, in
    all their rooms, by queue. `sessions` are those that may be told; None: all. `elsewhere` is what
    their other sessions may know; None: nothing.
    """

    queues: Mapping[UUID, UUID | None]
    left: Mapping[UUID, UUID | None]
    counts: Mapping[UUID | None, QueueCounts]
    sessions: frozenset[UUID] | None = None
    elsewhere: "CaseReader | None" = None

    def in_session(self, session_id: UUID) -> "CaseReader | None":
        """Return what this session of the moderator may know; None: nothing."""
        is_told = self.sessions is None or session_id in self.sessions
        return self if is_told else self.elsewhere

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
    among = set(user_ids)
    staff = staff_with(VIEW_CASE) & among
    trusted = staff_with(VIEW_RESTRICTED_CASE) & among
    changed_in = {change.scope_id for change in changes if change.scope_id}
    moderators = active_moderators(room_ids=changed_in, user_ids=among)
    rooms = rooms_moderated_by_each(moderators | staff)
    actors = [
        Actor(
            id=each,
            scope_ids=None if each in staff else rooms.get(each, frozenset()),
            sees_restricted=each in trusted,
        )
        for each in moderators | staff
    ]
    proved = sessions_with_second_factor(session_ids)
    # What moderators of rooms know where they have not proved the second factor.
    elsewhere = [
        replace(each, sees_restricted=False)
        for each in actors
        if proved is not None and each.id in trusted and each.scope_ids is not None
    ]
    views = case_views(actors=[*actors, *elsewhere], changes=changes, rooms=rooms)
    unproved = {
        actor.id: _reader(view) for actor, view in zip(elsewhere, views[len(actors) :], strict=True)
    }
    return {
        actor.id: _reader(
            view,
            sessions=proved if actor.id in staff | trusted else None,
            elsewhere=unproved.get(actor.id),
        )
        for actor, view in zip(actors, views[: len(actors)], strict=True)
        if view.has_news
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVisibility:
    """What decides which cases a moderator sees, and in which queues.

    `rooms` are those that they moderate, and `closed` the queues that are closed to them. `queues`
    has what decides to which queue a case belongs.
    """

    is_staff: bool
    is_trusted: bool
    rooms: frozenset[UUID]
    closed: frozenset[UUID]
    queues: tuple[tuple[UUID, int, str], ...]


def case_visibility(*, user_ids: Collection[UUID]) -> dict[UUID, CaseVisibility]:
    """Return the visibility of cases for each of the users who sees any."""
    among = set(user_ids)
    staff = staff_with(VIEW_CASE) & among
    rooms = rooms_moderated_by_each(among)
    moderators = staff | rooms.keys()
    if not moderators:
        return {}
    trusted = staff_with(VIEW_RESTRICTED_CASE) & among
    queues, closed = queues_closed_to(moderators)
    rules = tuple((queue.pk, queue.position, str(queue.filter)) for queue in queues)
    return {
        user_id: CaseVisibility(
            is_staff=user_id in staff,
            is_trusted=user_id in trusted,
            rooms=frozenset(rooms.get(user_id, ())),
            closed=frozenset(closed[user_id]),
            queues=rules,
        )
        for user_id in moderators
    }


def _reader(
    view: CaseView,
    *,
    sessions: frozenset[UUID] | None = None,
    elsewhere: CaseReader | None = None,
) -> CaseReader:
    return CaseReader(
        queues=view.queues,
        left=view.left,
        counts=view.counts,
        sessions=sessions,
        elsewhere=elsewhere,
    )
