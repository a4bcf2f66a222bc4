"""Open, refresh and end sessions, on the database's clock: those of web hosts may differ."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.contrib.auth.models import update_last_login
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Least, Now

from moderado.accounts import bans, devices, selectors, tokens, user_agents
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.events import SessionEnded
from moderado.accounts.holds import held_rows
from moderado.accounts.models import Session, User
from moderado.accounts.services import sign_in as attempts
from moderado.accounts.types import Origin, Principal, Tokens
from moderado.core import clock, events
from moderado.core.errors import NotFound

log = structlog.get_logger(__name__)

USE_INTERVAL = timedelta(minutes=5)  # the precision of `used_at` of a session with a cookie


def sign_in(*, email: str, password: str, origin: Origin | None = None) -> Tokens:
    """Open a session and return its tokens.

    Args:
        origin: Where the attempt comes from. None counts and records nothing.

    Raises:
        WrongCredentials: Unknown e-mail, wrong password or inactive account.
        RateLimited: One of the sign-in limits is reached.
        ApplicationError: The account is banned: the error says why and until when.
    """
    user = attempts.verify(email=email, password=password, origin=origin)
    update_last_login(sender=User, user=user)
    return tokens_of_new_session(user=user, origin=origin)


def tokens_of_new_session(*, user: User, origin: Origin | None = None) -> Tokens:
    """Open a session of an account whose owner has proved to be one. Raises NotAuthenticated."""
    session = open_session(
        user=user,
        user_agent=origin.user_agent if origin else "",
        language=origin.language if origin else None,
    )
    device = devices.issue_device(email=user.email, known=origin.device if origin else None)
    return replace(tokens_of(session=session), device=device)


@transaction.atomic
def open_session(*, user: User, user_agent: str = "", language: str | None = None) -> Session:
    """Open a session of `user`.

    It ends after `REFRESH_TOKEN_DAYS` without use, and after `SESSION_MAX_DAYS` in any case.
    Hashing is slow, so `user` may be stale: the row is checked again under lock.

    Args:
        user: The account.
        user_agent: The header of the request.
        language: What the request asks for. An account that has not chosen a language takes it.

    Raises:
        NotAuthenticated: The account was deactivated or got a new password meanwhile.
        ApplicationError: The account is banned.
    """
    unchanged = User.objects.filter(id=user.id, is_active=True, password=user.password)
    if unchanged.select_for_update(no_key=True).first() is None:
        raise NotAuthenticated
    bans.check_account(user.id)  # under the lock, which a ban takes, too
    if language and language != user.language and not user.language_chosen:
        user.language = language
        User.objects.filter(id=user.id, language_chosen=False).update(language=language)
    now = clock.now()
    return Session.objects.create(
        user=user,
        created_at=now,
        used_at=now,
        expires_at=_expiry(created_at=now, now=now),
        user_agent=user_agents.cleaned(user_agent),
    )


def follow_device(*, user_id: UUID, language: str) -> None:
    """Store the language of the device that an account uses now, unless it has chosen one.

    Frames that a worker writes use it. Call it only if it differs from the stored one.
    """
    User.objects.filter(id=user_id, language_chosen=False).update(language=language)


def tokens_of(*, session: Session) -> Tokens:
    """Return the current tokens of the session."""
    access = tokens.access_token(session, now=clock.now())
    return Tokens(access=access, refresh=tokens.refresh_token(session))


def refresh(*, token: str) -> Tokens:
    """Exchange a refresh token for new tokens.

    A second use within `REFRESH_TOKEN_GRACE_SECONDS` gets the same successor: two tabs may refresh
    at once. A later one ends the session: one of its two users stole the token, and the server
    cannot know which. Without `REFRESH_TOKEN_ROTATION` the token stays the same.

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
    now = clock.now()
    if session is None or claims.expires_at <= now:
        return None
    if session.refresh_id != claims.token_id:
        if _is_in_grace(session, claims, now=now):
            return session
        log.warning("refresh_token_reused", session_id=session.id, user_id=session.user_id)
        end_session(session_id=session.id)
        return None
    if settings.REFRESH_TOKEN_ROTATION:
        session.previous_refresh_id, session.refresh_id = session.refresh_id, uuid4()
        session.rotated_at = now
    session.used_at = now
    session.expires_at = _expiry(created_at=session.created_at, now=now)
    session.save(
        update_fields=[
            "refresh_id",
            "previous_refresh_id",
            "rotated_at",
            "used_at",
            "expires_at",
        ]
    )
    return session


def _is_in_grace(session: Session, claims: tokens.Claims, *, now: datetime) -> bool:
    """Whether the token was replaced a moment ago, by another tab of the same client."""
    if session.previous_refresh_id != claims.token_id or session.rotated_at is None:
        return False
    grace = timedelta(seconds=settings.REFRESH_TOKEN_GRACE_SECONDS)
    return now - session.rotated_at < grace


def record_use(*, session: Session) -> None:
    """Record that `session` is in use, which postpones its expiry.

    Sessions with tokens record it at each refresh; this is for those with a cookie.
    """
    if (
        abs(clock.estimated() - session.used_at) < USE_INTERVAL
    ):  # saves a statement, decides nothing
        return
    used_before = Session.objects.filter(used_at__lte=Now() - USE_INTERVAL)
    used_before.filter(id=session.id, ended_at=None).update(
        used_at=Now(),
        expires_at=Least(Now() + _idle(), Value(selectors.latest_end(session.created_at))),
    )


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
    session.ended_at = clock.now()
    session.save(update_fields=["ended_at"])
    events.publish(SessionEnded(session_id=session_id, user_id=session.user_id))


@transaction.atomic
def end_sessions_of(*, user_id: UUID, kept: UUID | None = None) -> int:
    """End every session of the account.

    Args:
        kept: A session that stays open: that of a user who ends the others.

    Returns:
        How many sessions ended.
    """
    open_ones = Session.objects.filter(user_id=user_id, ended_at=None)
    session_ids = set(open_ones.values_list("id", flat=True)) - {kept}
    for session_id in sorted(session_ids):
        end_session(session_id=session_id)
    return len(session_ids)


def end_own_session(*, user_id: UUID, session_id: UUID) -> None:
    """End one session of the account. Raises NotFound for sessions of others and ended ones."""
    if not selectors.sessions_of(user_id).filter(id=session_id).exists():
        raise NotFound
    end_session(session_id=session_id)


def delete_expired() -> int:
    """Delete expired sessions, Django's included.

    A session that was ended early is kept until its expiry, for staff to see. Those of an account
    that a legal hold keeps stay until the release.

    Returns:
        How many sessions of the product were deleted.
    """
    with transaction.atomic():
        expired = Session.objects.filter(~held_rows(), expires_at__lt=Now())
        count, _ = expired.delete()
    SessionStore.clear_expired()
    return count


def session_of_access_token(*, token: str) -> Session:
    """Return the valid session, with its user, of an access token, in one query.

    Raises:
        NotAuthenticated: Forged or expired token, wrong purpose, ended session, inactive user.
    """
    claims = tokens.read(token, use=tokens.Use.ACCESS)
    session = selectors.get_session(claims.session_id, token_expires_at=claims.expires_at)
    if session.user_id != claims.user_id:
        raise NotAuthenticated
    return session


def principal_of_access_token(*, token: str) -> Principal:
    """Return the principal of an access token. Raises NotAuthenticated."""
    claims = tokens.read(token, use=tokens.Use.ACCESS)
    principal = selectors.principal_of_session(
        claims.session_id, token_expires_at=claims.expires_at
    )
    if principal.user_id != claims.user_id:
        raise NotAuthenticated
    return principal


def _expiry(*, created_at: datetime, now: datetime) -> datetime:
    """Return when a session that is used now ends, by the idle and the absolute limit."""
    return min(now + _idle(), selectors.latest_end(created_at))


def _idle() -> timedelta:
    return timedelta(days=settings.REFRESH_TOKEN_DAYS)
