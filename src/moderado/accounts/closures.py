"""Which accounts are closed for ever. The context of erasures provides a check (`wiring`)."""

from collections.abc import Callable
from uuid import UUID

from moderado.accounts.models import User

_checks: list[Callable[[UUID], bool]] = []


def provide_check(is_erasing: Callable[[UUID], bool]) -> None:
    """Name the function that tells whether the erasure of an account is due or has begun."""
    _checks[:] = [is_erasing]


def is_closed_for_ever(user: User) -> bool:
    """Tell whether an erasure has closed the account, also one whose data a legal hold keeps."""
    return user.erased_at is not None or any(check(user.pk) for check in _checks)
