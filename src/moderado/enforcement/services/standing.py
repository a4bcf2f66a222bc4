"""What a moderator may still do: long work asks again before each step."""

from collections.abc import Collection
from uuid import UUID

from moderado.accounts.models import User
from moderado.accounts.rights import VIEW_RESTRICTED_CASE, is_entitled
from moderado.enforcement.selectors.parties import rooms_moderated_by
from moderado.enforcement.types import Actor


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
