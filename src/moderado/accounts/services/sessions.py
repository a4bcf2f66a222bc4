"""Sign in, refresh and sign out."""

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
from moderado.accounts.services.accounts import HASHING_SLOTS
from moderado.accounts.types import Principal, Tokens
from moderado.core import events


def sign_in(*, email: str, password: str) -> Tokens:
    """Open a session and return its tokens. Raises WrongCredentials."""
    user = account_of(email=email, password=password)
    update_last_login(sender=User, user=user)
    return tokens_of(session=open_session(user=user))


def account_of(*, email: str, password: str) -> User:
    """Return the active account with this password.

    The hasher also runs for unknown e-mails and inactive accounts, so that all refusals take the
    same time.

    Raises:
        WrongCredentials: Unknown e-mail, wrong password or inactive account.
    """
    with HASHING_SLOTS:
        user = authenticate(email=email, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    return user


@transaction.atomic
def open_session(*, user: User) -> Session:
    """Open a session of `user` that ends after `REFRESH_TOKEN_DAYS` without use.

    Hashing is slow, so `user` may be stale: the row is checked again under lock.

    Raises:
        NotAuthenticated: The account was deactivated or got a new password meanwhile.
    """
    unchanged = User.objects.filter(id=user.id, is_active=True, password=user.password)
    if unchanged.select_for_update(no_key=True).first() is None:
        raise NotAuthenticated
    return Session.objects.create(user=user, expires_at=_expiry())


def tokens_of(*, session: Session) -> Tokens:
    """Return the current tokens of the session."""
    return Tokens(access=tokens.access_token(session), refresh=tokens.refresh_token(session))


def refresh(*, token: str) -> Tokens:
    """Exchange an unused refresh token for new tokens.

    A second use ends the session: one of its two users stole it, and the server cannot know which.

    Raises:
        NotAuthenticated: The token is invalid, expired or was used before.
    """
    claims = tokens.read(token, use=tokens.Use.REFRESH)
    session = _rotate(claims)
    if session is None:
        raise NotAuthenticated
    return tokens_of(session=session)


@transaction.atomic
def _rotate(claims: tokens.Claims) -> Session | None:
    """Return the session with its next refresh id, or None when it is invalid or ends now.

    An exception would roll back the end of the session.
    """
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
    """End the session of a refresh token, also of one used before.

    A session that has already ended is no error.

    Raises:
        NotAuthenticated: The token was not issued by this server.
    """
    claims = tokens.read(token, use=tokens.Use.REFRESH)
    end_session(session_id=claims.session_id)


@transaction.atomic
def end_session(*, session_id: UUID) -> None:
    """End the session and close its sockets. An ended session stays as it is."""
    open_ones = Session.objects.filter(id=session_id, ended_at=None)
    session = open_ones.select_for_update(of=("self",)).first()
    if session is None:
        return
    session.ended_at = timezone.now()
    session.save(update_fields=["ended_at"])
    events.publish(SessionEnded(session_id=session_id, user_id=session.user_id))


@transaction.atomic
def end_sessions_of(*, user_id: UUID) -> None:
    """End every session of the account, after deactivation or a new password."""
    session_ids = Session.objects.filter(user_id=user_id, ended_at=None).values_list(
        "id", flat=True
    )
    for session_id in session_ids.order_by("id"):
        end_session(session_id=session_id)


def delete_expired() -> int:
    """Delete expired sessions, Django's included.

    A session that was ended early is kept until its expiry, for staff to see.

    Returns:
        How many sessions of the product were deleted.
    """
    expired = Session.objects.filter(expires_at__lt=timezone.now())
    count, _ = expired.delete()
    SessionStore.clear_expired()
    return count


def session_of_access_token(*, token: str) -> Session:
    """Return the valid session, with its user, of an access token, in one query.

    Raises:
        NotAuthenticated: Forged or expired token, wrong purpose, ended session, inactive user.
    """
    claims = tokens.read(token, use=tokens.Use.ACCESS)
    session = selectors.get_session(claims.session_id)
    if session.user_id != claims.user_id:
        raise NotAuthenticated
    return session


def principal_of_access_token(*, token: str) -> Principal:
    """Return the principal of an access token. Raises NotAuthenticated."""
    claims = tokens.read(token, use=tokens.Use.ACCESS)
    principal = selectors.principal_of_session(claims.session_id)
    if principal.user_id != claims.user_id:
        raise NotAuthenticated
    return principal


def _expiry() -> datetime:
    return timezone.now() + timedelta(days=settings.REFRESH_TOKEN_DAYS)
