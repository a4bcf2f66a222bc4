"""Rights of staff: Django permissions. `is_staff` alone opens the admin's front page, nothing else.

The server's staff act in every room. Roles in rooms are the business of `chat`.
"""

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth.backends import ModelBackend

from moderado.accounts.models import User

VIEW_CASE = "moderation.view_case"
CLAIM_CASE = "moderation.claim_case"
DECIDE_CASE = "moderation.decide_case"
VIEW_LOG = "moderation.view_moderationlog"
VIEW_MESSAGE = "chat.view_message"
VIEW_USER = "accounts.view_user"


def staff_may(user: User, permission: str) -> bool:
    """Tell whether `user` is active staff with this permission, such as `VIEW_CASE`."""
    return user.is_active and user.is_staff and user.has_perm(permission)


def staff_with(permission: str, *, among: Collection[UUID]) -> set[UUID]:
    """Return those accounts of `among` that are active staff with this permission."""
    entitled = ModelBackend().with_perm(permission).filter(is_staff=True, id__in=among)
    return set(entitled.values_list("id", flat=True))
