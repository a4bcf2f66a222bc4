"""What a moderator may still do: long work asks again before each step.

Roles in rooms belong to `chat`, which provides them.
"""

from collections.abc import Callable, Collection
from uuid import UUID

from moderado.accounts.models import User
from moderado.accounts.rights import VIEW_RESTRICTED_CASE, is_entitled
from moderado.enforcement.types import Actor

ModeratedRooms = Callable[[UUID], Collection[UUID]]
_sources: list[ModeratedRooms] = []


def provide_moderated_rooms(source: ModeratedRooms) -> None:
    """Register what lists the rooms of a moderator. Called by `moderado.wiring`."""
    _sources[:] = [source]


def rooms_moderated_by(user_id: UUID) -> set[UUID]:
    """Return the rooms in which a person is an administrator or a moderator."""
    return {room_id for source in _sources for room_id in source(user_id)}


def standing_actor(
    *, user_id: UUID, permission: str, scope_ids: Collection[UUID] | None
) -> Actor | None:
    """Return a moderator with what they may still do of what they might when they asked.

    Args:
        user_id: The moderator.
        permission: What staff need.
        scope_ids: Their rooms when they asked; None for staff.

    Returns:
        None if the account is inactive, lost the permission, or moderates none of the rooms now.
    """
    user = User.objects.get(pk=user_id)
    if not user.is_active:
        return None
    trusted = is_entitled(user, VIEW_RESTRICTED_CASE)
    if scope_ids is None:
        actor = Actor(id=user_id, scope_ids=None, sees_restricted=trusted)
        return actor if is_entitled(user, permission) else None
    kept = frozenset(scope_ids) & rooms_moderated_by(user_id)
    return Actor(id=user_id, scope_ids=kept, sees_restricted=trusted) if kept else None
