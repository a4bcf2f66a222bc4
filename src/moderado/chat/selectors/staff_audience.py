"""Which connected users are moderators, and what each of their sessions may receive."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar
from uuid import UUID

from msgspec.structs import replace

from moderado.accounts.rights import (
    VIEW_RESTRICTED_CASE,
    sessions_with_second_factor,
    staff_with,
)
from moderado.chat.selectors.rooms import active_moderators, rooms_moderated_by_each
from moderado.enforcement.types import Actor

V = TypeVar("V")  # what a moderator may know
R = TypeVar("R", bound="SessionReader")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReader:
    """A moderator, and which of their sessions may be notified.

    `sessions` are those that may be notified; None: all. `elsewhere` is what their other sessions
    may know; None: nothing.
    """

    sessions: frozenset[UUID] | None = None
    elsewhere: Self | None = None

    def in_session(self, session_id: UUID) -> Self | None:
        """Return what this session of the moderator may know; None: nothing."""
        may_know = self.sessions is None or session_id in self.sessions
        return self if may_know else self.elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAudience:
    """The moderators among some users.

    `actors` come first with what they may see where they have proved the second factor, then, of
    those in `unproved`, with what they may see elsewhere. `rooms` are those that each moderates.
    `proved` are the sessions with a second factor; None: none is demanded. It concerns the users
    in `bound`.
    """

    actors: Sequence[Actor]
    unproved: Sequence[Actor]
    rooms: Mapping[UUID, Collection[UUID]]
    proved: frozenset[UUID] | None
    bound: frozenset[UUID]

    def readers(
        self, build: Callable[..., R], views: Sequence[V], *, is_news: Callable[[V], bool]
    ) -> dict[UUID, R]:
        """Return those of the moderators whose view has news.

        Args:
            build: Builds the reader of a view, with `sessions` and `elsewhere`.
            views: What each of `actors` may know, in their order.
            is_news: Tells whether a view has news.
        """
        first = len(self.actors) - len(self.unproved)
        elsewhere = {
            actor.id: build(view) for actor, view in zip(self.unproved, views[first:], strict=True)
        }
        return {
            actor.id: build(
                view,
                sessions=self.proved if actor.id in self.bound else None,
                elsewhere=elsewhere.get(actor.id),
            )
            for actor, view in zip(self.actors[:first], views[:first], strict=True)
            if is_news(view)
        }


def audience_of(
    permission: str,
    *,
    user_ids: Collection[UUID],
    room_ids: Collection[UUID],
    session_ids: Collection[UUID],
) -> StaffAudience:
    """Return the staff with a permission, and the moderators of rooms, among some users.

    The number of statements does not depend on how many users there are.

    Args:
        permission: What staff need to see everything. Without it they are members like others.
        user_ids: The users to choose from.
        room_ids: The rooms whose moderators are concerned.
        session_ids: The sessions of the users. Those of staff must have proved what
            `STAFF_SECOND_FACTOR` demands. In others, staff know nothing, and moderators of rooms
            nothing of restricted cases.
    """
    among = set(user_ids)
    staff = staff_with(permission) & among
    trusted = staff_with(VIEW_RESTRICTED_CASE) & among
    moderators = active_moderators(room_ids=room_ids, user_ids=among)
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
    unproved = [
        replace(each, sees_restricted=False)
        for each in actors
        if proved is not None and each.id in trusted and each.scope_ids is not None
    ]
    return StaffAudience(
        actors=[*actors, *unproved],
        unproved=unproved,
        rooms=rooms,
        proved=proved,
        bound=frozenset(staff | trusted),
    )
