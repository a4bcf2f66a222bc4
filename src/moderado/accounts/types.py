"""Plain values that every layer may share."""

from dataclasses import dataclass
from uuid import UUID

SESSION_KEY = "moderado_session"  # in Django's session: the id of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts, and in which session: what every credential turns into."""

    user_id: UUID
    session_id: UUID
    name: str
    language: str
    is_staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A signed-in session, as its client carries it. Both are secrets: never logged."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Opens one WebSocket, once. `expires_in` is in seconds."""

    ticket: str
    expires_in: int
