"""Plain values shared by all layers."""

from dataclasses import dataclass
from uuid import UUID

SESSION_KEY = "moderado_session"  # key in Django's session: the id of the product's session


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The acting user and session: the result of every credential."""

    user_id: UUID
    session_id: UUID
    name: str
    language: str
    is_staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of a signed-in session. Both are secrets and never logged."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A single-use credential for one WebSocket. `expires_in` is in seconds."""

    ticket: str
    expires_in: int
