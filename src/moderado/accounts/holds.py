"""Whose data a legal hold keeps. The context that owns holds provides the condition (`wiring`)."""

from collections.abc import Callable

from django.db.models import Q

from moderado.core.database import require_transaction

_provided: list[Callable[[], Q]] = []


def provide_held(condition: Callable[[], Q]) -> None:
    """Register the function behind `held_rows`. Called by `moderado.wiring`.

    The function blocks the addition of holds until the transaction ends.
    """
    _provided[:] = [condition]


def held_rows() -> Q:
    """Return the condition of the rows, with a `user_id`, of accounts that a legal hold keeps.

    Requires a transaction: no hold is added before it ends.
    """
    require_transaction()
    return _provided[0]() if _provided else Q(pk__in=[])
