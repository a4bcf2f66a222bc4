"""Which messages a purge removes, and whether a moderator may ask for it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Max, Q, QuerySet, Value
from msgspec.structs import replace

from moderado.chat.errors import NoSuchRoom, NotAllowedInRoom
from moderado.chat.models import Membership, Message, Room
from moderado.chat.services.memberships import RANK
from moderado.chat.types import MESSAGE
from moderado.core import clock
from moderado.core.ids import first_id
from moderado.enforcement.models import Purge
from moderado.enforcement.services import purges
from moderado.enforcement.types import Actor
from moderado.moderation.restricted_cases import about_unrestricted, has_restricted_case

SAMPLE = 10  # messages that a preview shows, the newest
EXCERPT = 200  # characters of each

_Role = Membership.Role
# What others see, or could come to see. A refused message stays as it is.
_REMOVABLE = (Message.Status.PENDING, Message.Status.APPROVED, Message.Status.HELD)
_CLOCKS = timedelta(seconds=1)  # an id is made a little before its `created_at`


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a purge would remove."""

    id: UUID
    room: UUID
    status: str
    content: str
    created_at: datetime


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a purge would remove: numbers by room and status, and the newest messages."""

    counts: tuple[dict[str, Any], ...]
    sample: tuple[Sampled, ...]


def preview_purge(
    *,
    actor: Actor,
    user_id: UUID,
    since: datetime,
    room_id: UUID | None = None,
    sees_texts: bool = True,
) -> Preview:
    """Return what `start_purge` would remove now. Nothing is changed.

    The sample shows no message of a restricted case to those who may see such cases: its text is
    in the case, where each look leaves an audit line. Others do not learn of the case: the sample
    shows what the room shows, as the counts have it (ADR 0087).

    Args:
        actor, user_id, since, room_id: As `start_purge`.
        sees_texts: Whether the actor may read the messages. Without it the sample is empty.

    Raises:
        As `start_purge`.
    """
    actor = _reach(actor, user_id, since, room_id)
    found = messages_to_purge(actor, user_id, since, clock.now(), room_id)
    shown = found
    if actor.sees_restricted:
        shown = about_unrestricted(found, subject_type=Value(MESSAGE), subject="id")
    newest = shown.order_by("-created_at", "-id")[: SAMPLE if sees_texts else 0]
    return Preview(
        counts=_counts(found),
        sample=tuple(
            Sampled(
                id=message.id,
                room=message.room_id,
                status=message.status,
                content=message.text[:EXCERPT],
                created_at=message.created_at,
            )
            for message in newest
        ),
    )


def start_purge(
    *,
    actor: Actor,
    user_id: UUID,
    since: datetime,
    room_id: UUID | None = None,
    reason: str,
    public_note: str = "",
) -> tuple[Purge, bool]:
    """Queue the removal of what an author has written since a moment.

    A repeat within a minute returns the first purge (ADR 0092).

    Args:
        actor: The moderator, with their rooms; without, all rooms.
        user_id: The author.
        since: At most `PURGE_HOURS` ago.
        room_id: The only room to purge, or None.
        reason: 1 to 64 characters. The author sees it.
        public_note: At most 2,000 characters. The author sees it.

    Returns:
        The purge, and whether it is new.

    Raises:
        NoSuchRoom: The room is none of the moderator's.
        NotAllowedInRoom: The actor outranks the author in none of these rooms.
        OwnCase: The actor is the author.
        Forbidden: The author has rights on the server that the actor lacks.
        Invalid: There is no such author, or the moment, reason or note.
    """
    reached = _reach(actor, user_id, since, room_id)
    found = messages_to_purge(reached, user_id, since, clock.now(), room_id)
    return purges.start_purge(
        actor=reached,
        user_id=user_id,
        since=since,
        scope_id=room_id,
        reason=reason,
        public_note=public_note,
        counts=_counts(found),
        newest=found.aggregate(newest=Max("created_at"))["newest"],
    )


def _reach(actor: Actor, user_id: UUID, since: datetime, room_id: UUID | None) -> Actor:
    """Return the moderator with the rooms in which they may remove messages of the author."""
    if room_id is not None:
        rooms = Room.objects.filter(pk=room_id, deleted_at=None)
        is_theirs = actor.scope_ids is None or room_id in actor.scope_ids
        if not is_theirs or not rooms.exists():
            raise NoSuchRoom
    purges.check_purge(actor=actor, user_id=user_id, since=since)
    if actor.scope_ids is None:
        return actor
    asked = actor if room_id is None else replace(actor, scope_ids=[room_id])
    if not (rooms_below := outranked(asked, user_id)):
        raise NotAllowedInRoom
    return replace(actor, scope_ids=rooms_below)


def outranked(actor: Actor, user_id: UUID) -> list[UUID]:
    """Return the rooms of the moderator in which the author has no role, or a lower one."""
    roles = Membership.objects.filter(room__in=actor.scope_ids or ())
    theirs = dict(roles.filter(user=user_id).values_list("room_id", "role"))
    own = dict(roles.filter(user=actor.id).values_list("room_id", "role"))
    return [
        room_id
        for room_id in actor.scope_ids or ()
        if room_id not in theirs
        or theirs[room_id] == _Role.MEMBER
        or (room_id in own and RANK[_Role(own[room_id])] > RANK[_Role(theirs[room_id])])
    ]


def messages_to_purge(
    actor: Actor, user_id: UUID, since: datetime, until: datetime, room_id: UUID | None
) -> QuerySet[Message]:
    """Return what an author wrote between two moments, in the rooms of the moderator.

    What waits in a case about danger to children does not exist for a moderator who may not see
    such cases: it goes on waiting for those who may.

    Args:
        actor: The moderator, with their rooms; without, all rooms.
        user_id: The author.
        since: The first moment.
        until: The last moment.
        room_id: The only room, or None.
    """
    found = Message.objects.filter(
        id__gte=first_id(since - _CLOCKS),
        author_id=user_id,
        created_at__gte=since,
        created_at__lte=until,
        status__in=_REMOVABLE,
        room__deleted_at=None,
    )
    if not actor.sees_restricted:
        is_hidden = has_restricted_case(subject_type=Value(MESSAGE), subject="id")
        found = found.filter(Q(status=Message.Status.APPROVED) | ~is_hidden)
    if actor.scope_ids is not None:
        found = found.filter(room__in=actor.scope_ids)
    return found if room_id is None else found.filter(room=room_id)


def _counts(found: QuerySet[Message]) -> tuple[dict[str, Any], ...]:
    grouped = found.order_by().values_list("room_id", "status").annotate(count=Count("pk"))
    rows = sorted(grouped, key=lambda row: (-row[2], str(row[0]), row[1]))
    return tuple(
        {"room": str(room_id), "status": str(status), "count": count}
        for room_id, status, count in rows
    )
