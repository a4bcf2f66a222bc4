from dataclasses import dataclass
from uuid import UUID

from moderado.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session was signed out, revoked, reused or deactivated: its sockets close with 4001."""

    session_id: UUID
    user_id: UUID
