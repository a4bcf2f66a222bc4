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
from moderado.chat.models import Membership
from moderado.chat.selectors.rooms import MODERATORS, moderated_rooms
from moderado.enforcement.selectors.cases import counts_by_queue, queues_of_cases
from moderado.enforcement.selectors.queues import NO_CASES, QueueCounts
from moderado.enforcement.types import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReader:
    """A moderator, and what they may know.

    `queues` has the cases that they may see, with their queues. `counts` is about the open cases
    that they may decide, in all their rooms, by queue. `sessions` are those that may be told; None:
    all. `elsewhere` is what their other sessions may know; None: nothing.
    """

    queues: Mapping[UUID, UUID | None]
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
    scope_ids: Collection[UUID],
    case_ids: Collection[UUID],
    session_ids: Collection[UUID] = (),
) -> dict[UUID, CaseReader]:
    """Return those of the users who may see cases of these rooms, as of now.

    Args:
        user_ids: The users to choose from.
        scope_ids: The rooms. Cases without a room are for staff alone.
        case_ids: The cases.
        session_ids: The sessions of the users. `sessions` names those of staff that have proved
            what `STAFF_SECOND_FACTOR` demands. In others, staff know nothing, and moderators of
            rooms no restricted cases.
    """
    among = set(user_ids)
    roles = Membership.objects.filter(
        room__in=scope_ids, room__deleted_at=None, role__in=MODERATORS, user__is_active=True
    )
    moderators = set(roles.values_list("user_id", flat=True)) & among
    staff = staff_with(VIEW_CASE) & among
    trusted = staff_with(VIEW_RESTRICTED_CASE) & among
    actors = [
        Actor(
            id=each,
            scope_ids=None if each in staff else moderated_rooms(each),
            sees_restricted=each in trusted,
        )
        for each in moderators | staff
    ]
    proved = sessions_with_second_factor(session_ids)
    return {
        actor.id: _reader(actor, case_ids, proved if actor.id in staff | trusted else None)
        for actor in actors
    }


def _reader(
    actor: Actor, case_ids: Collection[UUID], sessions: frozenset[UUID] | None
) -> CaseReader:
    is_of_rooms = sessions is not None and actor.scope_ids is not None
    return CaseReader(
        queues=queues_of_cases(actor=actor, case_ids=case_ids),
        counts=counts_by_queue(actor),
        sessions=sessions,
        elsewhere=_reader(replace(actor, sees_restricted=False), case_ids, None)
        if is_of_rooms
        else None,
    )
