"""Who may read which room. Every door and every other selector asks here."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from moderado.chat.errors import NoSuchRoom
from moderado.chat.models import Membership, Room
from moderado.chat.types import Head
from moderado.core.database import run_prepared

_MODERATORS = (Membership.Role.ADMIN, Membership.Role.MODERATOR)


def rooms_visible_to(user_id: UUID) -> QuerySet[Room]:
    """The choke point: public rooms for everybody, private for members, deleted for nobody."""
    joined = Membership.objects.filter(room=OuterRef("pk"), user=user_id)
    return Room.objects.filter(Q(is_private=False) | Q(Exists(joined)), deleted_at=None)


def get_room(*, room_id: UUID, reader_id: UUID) -> Room:
    """The room, if `reader_id` may read it. Raises NoSuchRoom."""
    try:
        return rooms_visible_to(reader_id).get(pk=room_id)
    except Room.DoesNotExist:
        raise NoSuchRoom from None


# `rooms_visible_to`, the reader's membership and the room's head, for every socket that opens.
_FOUND = """
    SELECT room.seq, room.epoch, room.acl_version, room.moderation_mode, place.id IS NOT NULL
      FROM chat_room room
      LEFT JOIN chat_membership place ON place.room_id = room.id AND place.user_id = %(reader)s
     WHERE room.id = %(room)s AND room.deleted_at IS NULL
       AND (NOT room.is_private OR place.id IS NOT NULL)
"""


def found_by(*, reader_id: UUID, room_id: UUID) -> tuple[Head, bool]:
    """Where the room stands, and whether the reader is a member: as of one moment. Raises
    NoSuchRoom."""
    rows = run_prepared(_FOUND, {"reader": reader_id, "room": room_id})
    if not rows:
        raise NoSuchRoom
    seq, epoch, acl_version, mode, is_member = rows[0]
    head = Head(
        room=room_id,
        seq=seq,
        epoch=epoch,
        acl_version=acl_version,
        moderation_mode=mode,
        deleted=False,
    )
    return head, is_member


def membership(*, room_id: UUID, user_id: UUID) -> Membership | None:
    """`user_id`'s place in a room that is not deleted."""
    return Membership.objects.filter(room=room_id, room__deleted_at=None, user=user_id).first()


def is_moderator(*, room_id: UUID, user_id: UUID) -> bool:
    """Whether `user_id` is an administrator or a moderator of this room."""
    place = membership(room_id=room_id, user_id=user_id)
    return place is not None and place.role in _MODERATORS


def readers(*, room_id: UUID, user_ids: Iterable[UUID]) -> set[UUID]:
    """Who of `user_ids` may still read the room."""
    asked = set(user_ids)
    room = Room.objects.filter(pk=room_id, deleted_at=None).only("is_private").first()
    if room is None:
        return set()
    if not room.is_private:
        return asked
    members = Membership.objects.filter(room=room_id, user__in=asked)
    return set(members.values_list("user_id", flat=True))


def moderated_rooms(user_id: UUID) -> set[UUID]:
    """The rooms in which `user_id` rules: where they are administrator or moderator."""
    places = Membership.objects.filter(user=user_id, role__in=_MODERATORS, room__deleted_at=None)
    return set(places.values_list("room_id", flat=True))


def participants(room_id: UUID) -> QuerySet[Membership]:
    """The people of a room, in the order in which they came, with their users."""
    return (
        Membership.objects.filter(room=room_id).select_related("user").order_by("created_at", "id")
    )


def listed_rooms(user_id: UUID) -> QuerySet[Room]:
    """What `user_id` may read, newest first, with `participants_count` and the reader's `role`."""
    places = Membership.objects.filter(room=OuterRef("pk"))
    counted = places.order_by().values("room").annotate(count=Count("*")).values("count")
    return (
        rooms_visible_to(user_id)
        .annotate(
            participants_count=Coalesce(Subquery(counted), 0),
            role=Subquery(places.filter(user=user_id).values("role")),
        )
        .order_by("-created_at", "-id")
    )


def get_listed_room(*, room_id: UUID, reader_id: UUID) -> Room:
    """The room as `listed_rooms` has it. Raises NoSuchRoom."""
    room = listed_rooms(reader_id).filter(pk=room_id).first()
    if room is None:
        raise NoSuchRoom
    return room
