from dataclasses import dataclass
from uuid import UUID

from moderado.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeactivated(Event):
    """An inactive account was stored. Published in the transaction that stores it, if there is one;
    a later save of the same account publishes it again."""

    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session was signed out, revoked, reused or deactivated: its sockets close with 4001."""

    session_id: UUID
    user_id: UUID
