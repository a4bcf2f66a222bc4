"""What keeps a member from writing in a room: sanctions of the person, measures on the room.

The statements that store messages contain the conditions. Why a message was not stored is asked
only afterwards.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from moderado.chat.errors import NewcomersWait, RoomFrozen
from moderado.chat.models import Membership
from moderado.core.database import run_prepared
from moderado.enforcement.errors import Restricted, refusal_of
from moderado.enforcement.selectors.restrictions import find_restriction
from moderado.enforcement.types import Restriction

_MEMBER = Membership.Role.MEMBER.value


def _is_over(column: str) -> str:
    return f"({column} IS NULL OR {column} <= statement_timestamp())"


def is_open_sql(room: str, membership: str) -> str:
    """Return an SQL condition: no measure on the room keeps this member from writing."""
    return f"""({membership}.role <> '{_MEMBER}' OR ({_is_over(f"{room}.frozen_until")}
        AND ({_is_over(f"{room}.newcomers_wait_until")}
             OR {membership}.created_at <= {room}.newcomers_after)))"""


def is_slow_sql(room: str, membership: str) -> str:
    """Return an SQL condition: slow mode of the room binds this member."""
    return f"""({membership}.role = '{_MEMBER}' AND NOT {_is_over(f"{room}.slow_mode_until")})"""


_MEASURES = """
    SELECT CASE WHEN frozen_until > statement_timestamp() THEN frozen_until END,
           CASE WHEN newcomers_wait_until > statement_timestamp()
                 AND coalesce(membership.created_at > newcomers_after, true)
                THEN newcomers_wait_until END
      FROM chat_room room
      LEFT JOIN chat_membership membership
           ON membership.room_id = room.id AND membership.user_id = %(user)s
     WHERE room.id = %(room)s AND coalesce(membership.role, %(member)s) = %(member)s
"""


def find_refusal(*, user_id: UUID, room_id: UUID) -> Restricted | None:
    """Return the error for a person who may not write in the room now, or None."""
    sanction = find_restriction(user_id=user_id, scope_id=room_id)
    if sanction is not None:
        return refusal_of(sanction)
    values: dict[str, Any] = {"user": user_id, "room": room_id, "member": _MEMBER}
    rows = run_prepared(_MEASURES, values)
    return _of_measures(*rows[0]) if rows else None


def check_may_write(*, user_id: UUID, room_id: UUID) -> None:
    """Check that nothing keeps the person from writing in the room now.

    Raises:
        Muted: A moderator has muted the person.
        Banned: The person is banned.
        RoomFrozen: The room is read-only.
        NewcomersWait: Newcomers may not write in the room.
    """
    refusal = find_refusal(user_id=user_id, room_id=room_id)
    if refusal is not None:
        raise refusal


def _of_measures(frozen: datetime | None, newcomers: datetime | None) -> Restricted | None:
    if frozen is not None:
        return RoomFrozen(Restriction(kind=RoomFrozen.code, until=frozen))
    if newcomers is not None:
        return NewcomersWait(Restriction(kind=NewcomersWait.code, until=newcomers))
    return None
