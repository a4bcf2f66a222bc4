"""A room as policies see it."""

from dataclasses import dataclass
from uuid import UUID

from moderado.chat.models import Room
from moderado.core.errors import NotFound
from moderado.moderation.services.policy_lookup import Chain, in_force
from moderado.moderation.types import SERVER, RoomFacts

# An SQL expression of the type by which policies are assigned to a `chat_room`.
ROOM_TYPE = "CASE WHEN chat_room.is_private THEN 'private' ELSE 'public' END"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Facts of a place, and the versions of the policy in force there; None: of the server."""

    facts: RoomFacts = SERVER
    in_force: Chain | None = None


NO_PLACE = Place()


def place_of(room_id: UUID) -> Place:
    """Return the room as policies see it. Raises NotFound."""
    room = Room.objects.filter(pk=room_id, deleted_at=None).first()
    if room is None:
        raise NotFound
    kind = "private" if room.is_private else "public"
    return Place(
        facts=RoomFacts(type=kind, mode=room.moderation_mode, audience=room.audience),
        in_force=in_force(scope_id=room.id, room_type=kind),
    )


def public_place(room_id: UUID) -> tuple[str, Chain]:
    """Return the name of a public room and the versions in force there. Raises NotFound."""
    room = Room.objects.filter(pk=room_id, deleted_at=None, is_private=False).first()
    if room is None:
        raise NotFound
    return room.name, in_force(scope_id=room.id, room_type="public")
