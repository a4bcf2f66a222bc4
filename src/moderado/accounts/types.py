"""Plain values shared by all layers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

# Keys in Django's session: the id of the product's session; when the password was last entered.
SESSION_KEY = "moderado_session"
CONFIRMED_KEY = "moderado_confirmed_at"  # seconds since 1970


class Person(msgspec.Struct, frozen=True):
    """An account as others see it."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a sign-in comes from.

    `entry_point` is `rest`, `page` or `admin`. `device` is the token that an earlier sign-in of the
    same client received, if it sent one. `language` is what the request asks for.
    """

    entry_point: str
    address: str
    user_agent: str = ""
    device: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The acting user and session: the result of every credential."""

    user_id: UUID
    session_id: UUID
    name: str
    language: str
    language_chosen: bool = True
    is_staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of a signed-in session. All are secrets and never logged.

    `device` proves at the next sign-in that the owner has signed in on this device before.
    """

    access: str
    refresh: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A single-use credential for one WebSocket. `expires_in` is in seconds."""

    ticket: str
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """An invitation with its code, which is a secret: it is shown once and never logged."""

    id: UUID
    code: str
    note: str
    created_at: datetime
    expires_at: datetime


class Scope(StrEnum):
    """What an API key may be used for."""

    JUDGE = "judge"  # judge texts, and suggest scores
    SUGGEST = "suggest"  # suggest scores only


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """The system that an API key stands for."""

    id: UUID  # of the key
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A new API key, which is a secret: it is shown once and never logged."""

    id: UUID
    key: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
