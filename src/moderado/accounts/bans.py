"""Who may not sign in or register. The context that owns bans provides the checks (`wiring`)."""

from collections.abc import Callable
from uuid import UUID


def _admit(_: object) -> None:
    """Refuse nothing: no context provides bans."""


_check_account: Callable[[UUID], None] = _admit
_check_email: Callable[[str], None] = _admit


def provide_checks(*, account: Callable[[UUID], None], email: Callable[[str], None]) -> None:
    """Register the functions that raise an ApplicationError for banned persons.

    Args:
        account: Checks an account whose owner has proved to be one.
        email: Checks the address of a person who wants to register.
    """
    global _check_account, _check_email
    _check_account, _check_email = account, email


def check_account(user_id: UUID) -> None:
    """Raise what the provided check raises if the account is banned."""
    _check_account(user_id)


def check_email(email: str) -> None:
    """Raise what the provided check raises if an account of this e-mail is banned."""
    _check_email(email)
