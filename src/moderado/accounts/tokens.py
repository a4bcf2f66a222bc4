"""Signed tokens: encoding, decoding and verification, without the database.

Tokens are issued and expire by the database's clock, which the services read: that of a web host
may be wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac

from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import Session, User

ALGORITHM = "HS256"
APPEAL_SECONDS = 1_800  # of an appeal token: time to read, and to write 2,000 characters
CLOCK_TOLERANCE = timedelta(days=1)  # between this host's clock and the database's
REQUIRED = ("exp", "iat", "jti", "sid", "token_use", "user_id")


class Use(StrEnum):
    """The purpose of a token. A token of one purpose is never accepted for another."""

    ACCESS = "access"
    REFRESH = "refresh"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The claims of a signed token. The session's row says whether it is still valid.

    The caller compares `expires_at` with the database's clock. An appeal token has no session: its
    `session_id` is the account's, and `password_mark` is set.
    """

    user_id: UUID
    session_id: UUID
    token_id: UUID
    expires_at: datetime
    password_mark: str = ""


def access_token(session: Session, *, now: datetime) -> str:
    """Return an access token of `session`, valid for `ACCESS_TOKEN_SECONDS` from `now`."""
    expires_at = now + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    extra = {"name": session.user.name, "email": session.user.email}
    return _signed(
        session,
        Use.ACCESS,
        token_id=uuid4(),
        issued_at=now,
        expires_at=expires_at,
        extra=extra,
    )


def refresh_token(session: Session) -> str:
    """Return the only refresh token that `session` accepts now: always the same characters.

    A token that is never replaced is valid until the session must end.
    """
    expires_at = session.expires_at
    if not settings.REFRESH_TOKEN_ROTATION:
        expires_at = session.created_at + timedelta(days=settings.SESSION_MAX_DAYS)
    return _signed(
        session,
        Use.REFRESH,
        token_id=session.refresh_id,
        issued_at=session.rotated_at or session.created_at,
        expires_at=expires_at,
        extra={},
    )


def appeal_token(user: User, *, now: datetime) -> str:
    """Return a token by which a banned person appeals, valid for `APPEAL_SECONDS` from `now`.

    It belongs to no session and cannot be refreshed. It ends with a change of the password, too.
    """
    return _encoded(
        Use.APPEAL,
        {
            "user_id": str(user.id),
            "sid": str(user.id),
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + timedelta(seconds=APPEAL_SECONDS),
            "pwd": password_mark(user),
        },
    )


def password_mark(user: User) -> str:
    """Return a keyed digest of the stored password: it changes when the password does."""
    digest = salted_hmac("moderado.accounts.tokens.password", user.password, algorithm="sha256")
    return digest.hexdigest()[:32]


def read(token: str, *, use: Use) -> Claims:
    """Return the claims of a token issued by this server for `use`. Raises NotAuthenticated.

    One that expired within `CLOCK_TOLERANCE` is read, too: see `Claims`.
    """
    try:
        claims = jwt.decode(
            token,
            _key(use),
            algorithms=[ALGORITHM],
            leeway=CLOCK_TOLERANCE,
            options={"require": list(REQUIRED), "verify_iat": False},
        )
        if claims["token_use"] != use.value:
            raise NotAuthenticated
        return Claims(
            user_id=UUID(claims["user_id"]),
            session_id=UUID(claims["sid"]),
            token_id=UUID(claims["jti"]),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            password_mark=str(claims.get("pwd", "")),
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise NotAuthenticated from None


def _signed(
    session: Session,
    use: Use,
    *,
    token_id: UUID,
    issued_at: datetime,
    expires_at: datetime,
    extra: Mapping[str, Any],
) -> str:
    claims = {
        **extra,
        "user_id": str(session.user_id),
        "sid": str(session.id),
        "jti": str(token_id),
        "iat": issued_at,
        "exp": expires_at,
    }
    return _encoded(use, claims)


def _encoded(use: Use, claims: Mapping[str, Any]) -> str:
    return jwt.encode({**claims, "token_use": use.value}, _key(use), algorithm=ALGORITHM)


def _key(use: Use) -> bytes:
    """Derive a key for each purpose, so that the signature alone distinguishes them."""
    return salted_hmac(f"moderado.accounts.tokens.{use.value}", "key", algorithm="sha256").digest()
