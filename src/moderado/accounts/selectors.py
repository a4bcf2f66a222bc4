"""Queries about sessions and users. Sessions expire by the database's clock."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet, Value
from django.db.models.functions import Now, StrIndex, Upper
from django.db.models.lookups import GreaterThan

from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import ApiKey, Invitation, Session, User
from moderado.accounts.types import Principal
from moderado.core.database import run_prepared
from moderado.core.errors import NotFound
from moderado.core.text import has_trigram

# One of `open_sessions` by a prepared statement: for every socket that opens, and every request.
# With LIMIT it is found by its id: PostgreSQL would read all open sessions instead while there are
# few of them, and keep this plan while they become many.
_FROM_VALID = """
      FROM (SELECT * FROM accounts_session WHERE id = %(session)s LIMIT 1) session
      JOIN accounts_user person ON person.id = session.user_id
     WHERE session.ended_at IS NULL AND session.expires_at > statement_timestamp()
       AND session.created_at > statement_timestamp() - %(longest)s AND person.is_active
       AND coalesce(%(token_expires_at)s, 'infinity'::timestamptz) > statement_timestamp()
"""
_OF_SESSION = [field.attname for field in Session._meta.concrete_fields]  # noqa: SLF001  (documented by Django)
_OF_USER = [field.attname for field in User._meta.concrete_fields]  # noqa: SLF001  (as above)
_SESSION = f"""
    SELECT {", ".join(f"session.{name}" for name in _OF_SESSION)},
           {", ".join(f"person.{name}" for name in _OF_USER)}
    {_FROM_VALID}
"""
_PRINCIPAL = f"""
    SELECT person.id, person.name, person.language, person.language_chosen, person.is_staff
    {_FROM_VALID}
"""


def open_sessions() -> QuerySet[Session]:
    """Return valid sessions: not ended, not expired, of an active user."""
    return Session.objects.filter(
        ended_at=None,
        expires_at__gt=Now(),
        created_at__gt=Now() - _longest(),
        user__is_active=True,
    )


def sessions_of(user_id: UUID) -> QuerySet[Session]:
    """Return the valid sessions of the account, last used first."""
    return open_sessions().filter(user_id=user_id).order_by("-used_at", "-id")


def latest_end(created_at: datetime) -> datetime:
    """Return when a session ends, however often it is used."""
    return created_at + _longest()


def _longest() -> timedelta:
    return timedelta(days=settings.SESSION_MAX_DAYS)


def get_session(session_id: UUID, *, token_expires_at: datetime | None = None) -> Session:
    """Return the valid session with its user, in one query. Raises NotAuthenticated.

    The ORM would cost a third of the CPU of a small request.

    Args:
        session_id: The session.
        token_expires_at: When the token that names the session expires; None for a cookie.
    """
    row = _valid(session_id, _SESSION, token_expires_at)
    session = Session.from_db(DEFAULT_DB_ALIAS, _OF_SESSION, row[: len(_OF_SESSION)])
    session.user = User.from_db(DEFAULT_DB_ALIAS, _OF_USER, row[len(_OF_SESSION) :])
    return session


def _valid(session_id: UUID, statement: str, token_expires_at: datetime | None) -> tuple[Any, ...]:
    """Return the row of a valid session. Raises NotAuthenticated."""
    values = {
        "session": session_id,
        "longest": _longest(),
        "token_expires_at": token_expires_at,
    }
    rows = run_prepared(statement, values)
    if not rows:
        raise NotAuthenticated
    return rows[0]


def live_sessions(session_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return which of `session_ids` are valid, with the name of the user that others see."""
    return dict(open_sessions().filter(id__in=session_ids).values_list("id", "user__name"))


def principal_of(session: Session) -> Principal:
    """Return the principal of `session`, whose user must be loaded."""
    user = session.user
    return Principal(
        user_id=user.id,
        session_id=session.id,
        name=user.name,
        language=user.language,
        language_chosen=user.language_chosen,
        is_staff=user.is_staff,
    )


def principal_of_banned(user: User) -> Principal:
    """Return the principal of a person without a session: the account's id stands in its place."""
    return Principal(
        user_id=user.id,
        session_id=user.id,
        name=user.name,
        language=user.language,
        language_chosen=user.language_chosen,
    )


def principal_of_session(
    session_id: UUID, *, token_expires_at: datetime | None = None
) -> Principal:
    """Return the principal of a valid session. The arguments are those of `get_session`.

    Raises NotAuthenticated.
    """
    row = _valid(session_id, _PRINCIPAL, token_expires_at)
    user_id, name, language, language_chosen, is_staff = row
    return Principal(
        user_id=user_id,
        session_id=session_id,
        name=name,
        language=language,
        language_chosen=language_chosen,
        is_staff=is_staff,
    )


def users_matching(text: str) -> QuerySet[User]:
    """Return active users whose name contains `text`, by name. E-mails are never searched."""
    part = text.replace("\x00", "").strip()  # PostgreSQL rejects NUL, and no name contains one
    found = User.objects.filter(is_active=True)
    if has_trigram(part):
        found = found.filter(name__icontains=part)
    elif part:
        found = found.filter(GreaterThan(StrIndex(Upper("name"), Upper(Value(part))), 0))
    return found.order_by("name", "id")


def all_invitations() -> QuerySet[Invitation]:
    """Return every invitation, newest first."""
    return Invitation.objects.order_by("-created_at", "-id")


def all_api_keys() -> QuerySet[ApiKey]:
    """Return every API key, newest first, revoked ones included."""
    return ApiKey.objects.order_by("-created_at", "-id")


def find_user(named: str) -> User:
    """Return the account with this id or e-mail, active or not. Raises NotFound."""
    try:
        found = User.objects.filter(pk=UUID(named)).first()
    except ValueError:
        try:
            found = User.objects.get_by_natural_key(named)
        except User.DoesNotExist:
            found = None
    if found is None:
        raise NotFound
    return found
