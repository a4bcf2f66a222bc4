"""Keep an active superuser: without one, only the command line can grant rights again."""

from collections.abc import Collection
from uuid import UUID

from moderado.accounts.errors import LastSuperuser
from moderado.accounts.models import User
from moderado.core.database import require_transaction

FLAGS = ("is_active", "is_staff", "is_superuser")  # what a superuser of the admin needs


def superusers() -> list[UUID]:
    """Lock the active superusers, so that two do not withdraw at the same moment.

    Requires a transaction.
    """
    require_transaction()
    found = User.objects.filter(**dict.fromkeys(FLAGS, True)).order_by("pk")
    return list(found.select_for_update(no_key=True).values_list("pk", flat=True))


def keep_another(user_id: UUID, among: Collection[UUID]) -> None:
    """Raise LastSuperuser if the account is the only one of these superusers."""
    if list(among) == [user_id]:
        raise LastSuperuser
