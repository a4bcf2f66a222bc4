"""Who is hidden from whom, because one of the two blocks the other."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import QuerySet

from moderado.accounts.models import User
from moderado.accounts.selectors import users_matching
from moderado.accounts.types import Person
from moderado.core.database import run_prepared
from moderado.enforcement.models import PersonBlock
from moderado.enforcement.views import BlockView


def hidden_sql(viewer: str) -> str:
    """Return an SQL query: pairs of an account and one whom it does not see.

    Both directions count. Nothing is hidden from staff: they must see whom others block.

    Args:
        viewer: An SQL condition on an account's id, without the id: `= %(viewer)s`.
    """
    return f"""
        SELECT block.blocker_id, block.blocked_id
          FROM enforcement_personblock block
          JOIN accounts_user viewer ON viewer.id = block.blocker_id
         WHERE block.blocker_id {viewer} AND NOT viewer.is_staff
        UNION ALL
        SELECT block.blocked_id, block.blocker_id
          FROM enforcement_personblock block
          JOIN accounts_user viewer ON viewer.id = block.blocked_id
         WHERE block.blocked_id {viewer} AND NOT viewer.is_staff
    """  # noqa: S608  (an expression of the caller's code)


_HIDDEN = hidden_sql("= ANY (%(users)s)")


def hidden_people(user_ids: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    """Return whom each of these users does not see in direct views. Absent: no one is hidden."""
    found = defaultdict(set)
    for viewer_id, hidden_id in run_prepared(_HIDDEN, {"users": list(user_ids)}):
        found[viewer_id].add(hidden_id)
    return {viewer_id: frozenset(hidden) for viewer_id, hidden in found.items()}


def hidden_from(user_id: UUID) -> frozenset[UUID]:
    """Return whom a user does not see in direct views: whom they block, and who blocks them."""
    return hidden_people([user_id]).get(user_id, frozenset())


def people_matching(text: str, *, viewer_id: UUID) -> QuerySet[User]:
    """Return active users whose name contains `text`, without those hidden from the viewer."""
    return users_matching(text).exclude(id__in=hidden_from(viewer_id))


def block_view(user: User, block: PersonBlock | None) -> BlockView:
    """Return a person as a member's list of blocks shows them; without `block`, it has ended."""
    return BlockView(
        user=Person(user.id, user.name),
        is_blocked=block is not None,
        created_at=block.created_at if block is not None else None,
    )


def blocks_of(user_id: UUID) -> QuerySet[PersonBlock]:
    """Return whom a user blocks, the latest first."""
    return (
        PersonBlock.objects.filter(blocker=user_id)
        .select_related("blocked")
        .order_by("-created_at", "-id")
    )
