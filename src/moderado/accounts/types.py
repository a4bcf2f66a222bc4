"""Plain values that every layer may share."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts, and in which session: what every credential turns into."""

    user_id: UUID
    session_id: UUID
    name: str
    language: str
    is_staff: bool = False
