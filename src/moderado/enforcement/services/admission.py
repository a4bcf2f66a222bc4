"""Whether a person may sign in or register, and what a banned person may still do.

A person who is banned from the server can appeal, and can have their data exported and erased. The
refusal of a sign-in with the right password has a token for these acts alone (ADR 0082).
"""

from uuid import UUID

from moderado.accounts import tokens
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import User
from moderado.core import clock
from moderado.enforcement.errors import BannedFromServer, EmailBanned
from moderado.enforcement.selectors.restrictions import find_server_ban, is_email_banned


def check_account(user_id: UUID) -> None:
    """Check that no ban of the server keeps the account out. The owner has proved to be one.

    Raises:
        BannedFromServer: It does. The error says why, and has a token by which to appeal.
    """
    ban = find_server_ban(user_id)
    if ban is not None:
        user = User.objects.get(pk=user_id)
        token = tokens.appeal_token(user, now=clock.now())
        raise BannedFromServer(ban, token=token, expires_in=tokens.APPEAL_SECONDS)


def check_email(email: str) -> None:
    """Check that no account of this e-mail is banned. Raises EmailBanned, which does not say why.

    The person who asks may not be the owner of the address.
    """
    if is_email_banned(email):
        raise EmailBanned


def person_of_appeal_token(*, token: str) -> User:
    """Return the banned person whom an appeal token names.

    Raises:
        NotAuthenticated: Forged or expired token, another password since, closed account, or the
            account is not banned any more: its owner signs in.
    """
    claims = tokens.read(token, use=tokens.Use.APPEAL)
    user = User.objects.filter(pk=claims.user_id, is_active=True).first()
    if claims.expires_at <= clock.now():
        raise NotAuthenticated
    if user is None or tokens.password_mark(user) != claims.password_mark:
        raise NotAuthenticated
    if find_server_ban(user.id) is None:
        raise NotAuthenticated
    return user
