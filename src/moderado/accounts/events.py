from dataclasses import dataclass
from uuid import UUID

from moderado.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeactivated(Event):
    """An inactive account was stored. Published in the transaction that stores it, if there is one;
    a later save of the same account publishes it again."""

    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountActivated(Event):
    """An active account was stored, which may have been inactive. Published like its opposite."""

    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProposed(Event):
    """An account wants another name, which is judged before others see it.

    `shown` is the name that others see now; None for the placeholder of a new account.
    """

    user_id: UUID
    name: str
    shown: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAssigned(Event):
    """An operator has named an account: others see the name at once."""

    user_id: UUID
    name: str
    actor_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRightsChanged(Event):
    """Staff flags, groups or permissions of these accounts may have changed."""

    user_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session was signed out, revoked, reused or deactivated: its sockets close with 4001."""

    session_id: UUID
    user_id: UUID
