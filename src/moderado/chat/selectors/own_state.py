"""Profile, rooms and lists of a person, as changes of `selectors.own_changes` (ADRs 0100, 0113).

No service stamps them. Each row version carries the transaction that wrote it: `xmin`, 32 bits of
its id. The other 32 bits are those of the snapshot: a row that was not written for 2^32
transactions is returned once more.
"""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

import msgspec

from moderado.accounts.models import User
from moderado.chat.models import Membership
from moderado.chat.selectors.names import profile_of
from moderado.chat.selectors.room_views import own_room_views
from moderado.chat.types import ROOM_NAME, USER_NAME
from moderado.chat.views import LeftRoom
from moderado.enforcement.selectors.person_changes import things_sql


class StateKind(StrEnum):
    """The kinds of change of this module: the fields of `OwnChanges` in the singular."""

    PROFILE = "profile"
    ROOM = "room"
    LEFT_ROOM = "left_room"


State = tuple[StateKind, UUID]


def _xid(version: str) -> str:
    """Return SQL for the 64-bit id of the transaction that wrote a row version."""
    return f"here.xmax - ((here.xmax - {version}.xmin::text::bigint) & 4294967295)"


def _name_of(subject: str, kind: str, *, where: str = "true") -> str:
    """Return SQL for the row of the latest name of a subject."""
    return f"""(SELECT xmin FROM moderation_subjectrevision
                 WHERE {where} AND subject_type = '{kind}' AND subject_id = {subject}
                 ORDER BY revision DESC LIMIT 1)"""  # noqa: S608  (constants)


# All rows of one person: there are few. A room counts as changed with its row, with the person's
# membership, and for its moderators with the latest name. Deleted rooms keep their memberships.
STATE_SQL = f"""
        SELECT greatest({_xid("person")}, {_xid("name")}) AS changed_xid, person.id,
               'profile' AS kind, person.id AS subject_id
          FROM here, accounts_user person
          LEFT JOIN LATERAL {_name_of("person.id", USER_NAME)} name ON true
         WHERE person.id = %(author)s
         UNION ALL
        SELECT greatest({_xid("room")}, {_xid("membership")}, {_xid("name")}), room.id,
               CASE WHEN room.deleted_at IS NULL THEN 'room' ELSE 'left_room' END, room.id
          FROM here, chat_membership membership
          JOIN chat_room room ON room.id = membership.room_id
          LEFT JOIN LATERAL {
    _name_of("room.id", ROOM_NAME, where=f"membership.role <> '{Membership.Role.MEMBER}'")
} name ON true
         WHERE membership.user_id = %(author)s
         UNION ALL
        SELECT {_xid("departure")}, departure.id, 'left_room', departure.room_id
          FROM here, chat_departure departure
         WHERE departure.user_id = %(author)s
         UNION ALL{things_sql(_xid)}"""  # noqa: S608  (constants)


def views_of_state(
    *, user_id: UUID, states: Iterable[State], language: str
) -> dict[State, msgspec.Struct]:
    """Return the present state of a person's profile and rooms.

    Args:
        user_id: The person.
        states: What changed. What is of another kind by now is left out: its own change says so.
        language: The language of explanations of names of rooms.
    """
    ids: dict[StateKind, list[UUID]] = defaultdict(list)
    for kind, subject_id in states:
        ids[kind].append(subject_id)
    asked = {*ids[StateKind.ROOM], *ids[StateKind.LEFT_ROOM]}
    own = own_room_views(user_id=user_id, room_ids=asked, language=language)
    views: dict[State, msgspec.Struct] = {}
    for each in ids[StateKind.PROFILE]:
        views[StateKind.PROFILE, each] = profile_of(User.objects.get(pk=user_id))
    for each in ids[StateKind.ROOM]:
        if each in own:
            views[StateKind.ROOM, each] = own[each]
    for each in ids[StateKind.LEFT_ROOM]:
        if each not in own:
            views[StateKind.LEFT_ROOM, each] = LeftRoom(each)
    return views
