"""Keep a superuser who can act: without one, only the command line can grant rights again."""

from collections.abc import Callable, Collection
from uuid import UUID

from moderado.accounts.errors import LastSuperuser
from moderado.accounts.models import User
from moderado.core.database import require_transaction

FLAGS = ("is_active", "is_staff", "is_superuser")  # what a superuser of the admin needs

SelectAccounts = Callable[[Collection[UUID]], Collection[UUID]]
_withdrawn: list[SelectAccounts] = []


def provide_withdrawn(select: SelectAccounts) -> None:
    """Register what selects the accounts that are banned or wait for their erasure.

    Called by `moderado.wiring`.
    """
    _withdrawn[:] = [select]


def superusers() -> list[UUID]:
    """Return the superusers who can act and will stay.

    Locks the active ones, so that two do not withdraw at the same moment. Requires a transaction.
    """
    require_transaction()
    found = User.objects.filter(**dict.fromkeys(FLAGS, True)).order_by("pk")
    active = list(found.select_for_update(no_key=True).values_list("pk", flat=True))
    withdrawn = {user_id for select in _withdrawn for user_id in select(active)}
    return [user_id for user_id in active if user_id not in withdrawn]


def keep_another(user_id: UUID) -> None:
    """Raise LastSuperuser if the account is the only superuser who can act.

    Requires a transaction: that of the act by which the account withdraws.
    """
    require_transaction()
    if superusers() == [user_id]:
        raise LastSuperuser
