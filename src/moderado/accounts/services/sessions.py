"""Signing in, staying in, signing out."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone

from moderado.accounts import selectors, tokens
from moderado.accounts.errors import NotAuthenticated, WrongCredentials
from moderado.accounts.events import SessionEnded
from moderado.accounts.models import Session, User
from moderado.accounts.services.accounts import HASHING
from moderado.accounts.types import Principal, Tokens
from moderado.core import events


def sign_in(*, email: str, password: str) -> Tokens:
    """A new session of the account, and its tokens; raises WrongCredentials."""
    user = account_of(email=email, password=password)
    update_last_login(sender=User, user=user)
    return tokens_of(session=open_session(user=user))


def account_of(*, email: str, password: str) -> User:
    """The active account with this password.

    Raises WrongCredentials, after the same time whatever is wrong: the hasher runs for unknown
    e-mails and inactive accounts too.
    """
    with HASHING:
        user = authenticate(email=email, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    return user


@transaction.atomic
def open_session(*, user: User) -> Session:
    """A new session of `user`, for `REFRESH_TOKEN_DAYS` unless it is used.

    Raises NotAuthenticated if the account was closed or got another password since `user` was
    read: checking a password is slow, and what ended every session must end this one too.
    """
    unchanged = User.objects.filter(id=user.id, is_active=True, password=user.password)
    if unchanged.select_for_update(no_key=True).first() is None:
        raise NotAuthenticated
    return Session.objects.create(user=user, expires_at=_expiry())


def tokens_of(*, session: Session) -> Tokens:
    """What the session's client carries from now on."""
    return Tokens(access=tokens.access_token(session), refresh=tokens.refresh_token(session))


def refresh(*, token: str) -> Tokens:
    """New tokens for a refresh token that has not been used before; it is used up by this.

    Raises NotAuthenticated. A token used for the second time ends its session: one of the two
    who used it is a thief, and which one cannot be known.
    """
    claims = tokens.read(token, use=tokens.Use.REFRESH)
    session = _rotated(claims)
    if session is None:
        raise NotAuthenticated
    return tokens_of(session=session)


@transaction.atomic
def _rotated(claims: tokens.Claims) -> Session | None:
    """The session under its next refresh id. None, when it does not count or ends by this:
    an exception would take the ending back."""
    session = (
        selectors.open_sessions()
        .select_for_update(of=("self",))
        .select_related("user")
        .filter(id=claims.session_id)
        .first()
    )
    if session is None:
        return None
    if session.refresh_id != claims.token_id:
        end_session(session_id=session.id)
        return None
    session.refresh_id = uuid4()
    session.used_at = timezone.now()
    session.expires_at = _expiry()
    session.save(update_fields=["refresh_id", "used_at", "expires_at"])
    return session


def sign_out(*, token: str) -> None:
    """End the session of a refresh token, also of one that was used before.

    Raises NotAuthenticated for what is no refresh token of ours; a session that has ended already
    is no error.
    """
    claims = tokens.read(token, use=tokens.Use.REFRESH)
    end_session(session_id=claims.session_id)


@transaction.atomic
def end_session(*, session_id: UUID) -> None:
    """End the session now, and tell its sockets. Nothing happens to one that has ended."""
    open_ones = Session.objects.filter(id=session_id, ended_at=None)
    session = open_ones.select_for_update(of=("self",)).first()
    if session is None:
        return
    session.ended_at = timezone.now()
    session.save(update_fields=["ended_at"])
    events.publish(SessionEnded(session_id=session_id, user_id=session.user_id))


@transaction.atomic
def end_sessions_of(*, user_id: UUID) -> None:
    """End every session of the account: deactivated, or the password has changed."""
    session_ids = Session.objects.filter(user_id=user_id, ended_at=None).values_list(
        "id", flat=True
    )
    for session_id in session_ids.order_by("id"):
        end_session(session_id=session_id)


def forget_expired() -> int:
    """Delete the sessions whose time is over, Django's own too; says how many of ours there were.

    One that was ended early is kept until then, for the operators to see.
    """
    expired = Session.objects.filter(expires_at__lt=timezone.now())
    count, _ = expired.delete()
    SessionStore.clear_expired()
    return count


def session_of_access_token(*, token: str) -> Session:
    """The open session, with its user, that an access token speaks for: one query.

    Raises NotAuthenticated: forged, expired, of another kind, session ended, user inactive.
    """
    claims = tokens.read(token, use=tokens.Use.ACCESS)
    session = selectors.get_session(claims.session_id)
    if session.user_id != claims.user_id:
        raise NotAuthenticated
    return session


def principal_of_access_token(*, token: str) -> Principal:
    """Who speaks with this access token; raises NotAuthenticated as `session_of_access_token`."""
    claims = tokens.read(token, use=tokens.Use.ACCESS)
    principal = selectors.principal_of_session(claims.session_id)
    if principal.user_id != claims.user_id:
        raise NotAuthenticated
    return principal


def _expiry() -> datetime:
    return timezone.now() + timedelta(days=settings.REFRESH_TOKEN_DAYS)
