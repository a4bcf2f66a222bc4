"""Rooms as one person sees them: the bodies of REST and of `synced_me`."""

from collections.abc import Collection, Sequence
from uuid import UUID

from msgspec import structs

from moderado.accounts.types import Person
from moderado.chat.models import Membership, Room
from moderado.chat.projection import measures_of
from moderado.chat.selectors.messages import unread_counts
from moderado.chat.selectors.names import name_changes, own_name_of, refresh_names
from moderado.chat.selectors.rooms import (
    MODERATORS,
    get_listed_room,
    last_messages,
    listed_rooms,
    participants,
)
from moderado.chat.types import ROOM_NAME
from moderado.chat.views import Participant, RoomDetail, RoomView

PARTICIPANTS_SHOWN = 1000


def room_views(rooms: Sequence[Room], *, reader_id: UUID, language: str) -> list[RoomView]:
    """Return the views of rooms for one reader, in six statements at most.

    Args:
        rooms: Rooms that `listed_rooms` returned for the reader.
        reader_id: The account that reads them.
        language: The language of explanations.
    """
    moderated = [room for room in rooms if _role(room) in MODERATORS]
    changes = name_changes(
        subject_type=ROOM_NAME, subject_ids=[room.id for room in moderated], language=language
    )
    refresh_names(moderated, changes)
    unread = unread_counts(user_id=reader_id, room_ids=[room.id for room in rooms])
    last = last_messages(rooms)
    return [
        RoomView(
            id=room.id,
            name=own_name_of(room, changes),
            shown_name=room.name,
            name_change=changes.get(room.id),
            is_private=room.is_private,
            moderation_mode=room.moderation_mode,
            audience=room.audience,
            created_at=room.created_at,
            participants_count=room.participants_count,  # type: ignore[attr-defined]  # annotated
            unread_count=unread[room.id],
            role=_role(room),
            last_activity_at=room.last_activity_at,
            last_message=last.get(room.id),
            **structs.asdict(measures_of(room)),
        )
        for room in rooms
    ]


def own_room_views(
    *, user_id: UUID, room_ids: Collection[UUID], language: str
) -> dict[UUID, RoomView]:
    """Return those of the rooms in which the person is a member, by id."""
    if not room_ids:
        return {}
    own = list(listed_rooms(user_id, scope="mine").filter(pk__in=room_ids))
    return {view.id: view for view in room_views(own, reader_id=user_id, language=language)}


def room_detail(*, room_id: UUID, reader_id: UUID, language: str) -> RoomDetail:
    """Return a room with its participants.

    Raises:
        NoSuchRoom: There is no such room, or the reader may not read it.
        Banned: The reader is banned from it.
    """
    room = get_listed_room(room_id=room_id, reader_id=reader_id)
    (view,) = room_views([room], reader_id=reader_id, language=language)
    members = participants(room.id)[:PARTICIPANTS_SHOWN]
    return RoomDetail(
        **{name: getattr(view, name) for name in RoomView.__struct_fields__},
        seq=room.seq,
        epoch=room.epoch,
        participants=tuple(participant(membership) for membership in members),
    )


def participant(membership: Membership) -> Participant:
    """Return the view of a membership, whose user must be loaded."""
    user = membership.user
    return Participant(Person(user.id, user.name), membership.role, membership.created_at)


def _role(room: Room) -> str | None:
    return getattr(room, "role", None)
