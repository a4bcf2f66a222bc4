"""Who may be told that cases of some rooms have changed."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from moderado.accounts.rights import VIEW_CASE, staff_with
from moderado.chat.models import Membership
from moderado.chat.selectors.rooms import MODERATORS, moderated_rooms
from moderado.moderation.selectors import open_count


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReader:
    """A moderator of some of the rooms, or staff: then `scope_ids` is None.

    `open_count` counts the open cases that they may decide, in all their rooms.
    """

    scope_ids: frozenset[UUID] | None
    open_count: int


def case_readers(
    *, user_ids: Collection[UUID], scope_ids: Collection[UUID]
) -> dict[UUID, CaseReader]:
    """Return those of the users who may see cases of these rooms, as of now.

    Args:
        user_ids: The users to choose from.
        scope_ids: The rooms. Cases without a room are for staff alone.
    """
    among = set(user_ids)
    places: dict[UUID, set[UUID]] = {}
    roles = Membership.objects.filter(
        room__in=scope_ids, room__deleted_at=None, role__in=MODERATORS, user__is_active=True
    )
    for user_id, room_id in roles.values_list("user_id", "room_id"):
        if user_id in among:
            places.setdefault(user_id, set()).add(room_id)
    staff = staff_with(VIEW_CASE) & among
    return {
        **{user_id: _moderator(user_id, rooms) for user_id, rooms in places.items()},
        **{user_id: _staff(user_id) for user_id in staff},
    }


def _moderator(user_id: UUID, rooms: Collection[UUID]) -> CaseReader:
    count = open_count(scope_ids=moderated_rooms(user_id), viewer_id=user_id)
    return CaseReader(scope_ids=frozenset(rooms), open_count=count)


def _staff(user_id: UUID) -> CaseReader:
    return CaseReader(scope_ids=None, open_count=open_count(scope_ids=None, viewer_id=user_id))
