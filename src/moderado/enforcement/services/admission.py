"""Whether a person may sign in or register: the checks that `accounts.bans` calls."""

from uuid import UUID

from moderado.enforcement.errors import EmailBanned
from moderado.enforcement.selectors.restrictions import check_not_banned, is_email_banned


def check_account(user_id: UUID) -> None:
    """Check that no ban of the server keeps the account out. Raises Banned, which says why."""
    check_not_banned(user_id=user_id, scope_id=None)


def check_email(email: str) -> None:
    """Check that no account of this e-mail is banned. Raises EmailBanned, which does not say why.

    The person who asks may not be the owner of the address.
    """
    if is_email_banned(email):
        raise EmailBanned
