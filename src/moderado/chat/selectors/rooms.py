"""The right to read a room. All checks of this right use this module."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Literal
from uuid import UUID

from django.db.models import (
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Coalesce, StrIndex
from django.db.models.lookups import Contains, GreaterThan

from moderado.chat.errors import NoSuchRoom
from moderado.chat.models import Membership, Message, Room
from moderado.chat.projection import last_message_view, own_view, view_from_outside
from moderado.chat.selectors.rows import columns, message_of
from moderado.chat.types import Head, LastMessage, MessageView
from moderado.core.database import run_prepared
from moderado.core.text import fold, has_trigram
from moderado.enforcement.selectors.restrictions import (
    banned_from,
    bans_in_force,
    check_not_banned,
    is_banned_sql,
    restriction_from,
    silence_sql,
)
from moderado.enforcement.types import Restriction

Scope = Literal["all", "mine", "public"]

EXCERPT = 200  # characters of the last message in a list of rooms

_FOLDED_NAME = Func(F("name"), function="chat_fold", output_field=TextField())
MODERATORS = (Membership.Role.ADMIN, Membership.Role.MODERATOR)


# With an array, since the users are all who are connected: Django would write each id into the text
# of the statement, which takes five times as much CPU.
_MODERATED = """
    SELECT membership.user_id, membership.room_id
      FROM chat_membership membership JOIN chat_room room ON room.id = membership.room_id
     WHERE membership.user_id = ANY (%(users)s) AND membership.role = ANY (%(roles)s)
       AND room.deleted_at IS NULL
"""
_MODERATING = """
    SELECT DISTINCT membership.user_id
      FROM chat_membership membership
      JOIN chat_room room ON room.id = membership.room_id
      JOIN accounts_user account ON account.id = membership.user_id
     WHERE membership.user_id = ANY (%(users)s) AND membership.role = ANY (%(roles)s)
       AND membership.room_id = ANY (%(rooms)s)
       AND room.deleted_at IS NULL AND account.is_active
"""

_VISIBLE = f"""
    SELECT {columns("message", "author")}
      FROM chat_message message JOIN accounts_user author ON author.id = message.author_id
     WHERE message.id = ANY (%(messages)s) AND message.status = 'APPROVED'
"""  # noqa: S608  (names of columns)


def is_reader_sql(user: str) -> str:
    """Return an SQL condition: a person may read a room, as in `rooms_visible_to`.

    Args:
        user: The person's id. The statement names the room `room`, and the person's membership in
            it `membership`; both may be absent.
    """
    return f"""
    room.id IS NOT NULL AND room.deleted_at IS NULL
        AND (NOT room.is_private OR membership.id IS NOT NULL)
        AND NOT {is_banned_sql(user, "room.id")}
    """


def rooms_visible_to(user_id: UUID) -> QuerySet[Room]:
    """Return the rooms that a user may read: public ones, and private ones as a member.

    Deleted rooms are absent, and those from which the user is banned. Every check of the right to
    read uses this function or, in a statement of its own, `is_reader_sql`; `readers` repeats it.
    """
    joined = Membership.objects.filter(room=OuterRef("pk"), user=user_id)
    banned = bans_in_force(user_id).filter(scope_id=OuterRef("pk"))
    return Room.objects.filter(
        Q(is_private=False) | Q(Exists(joined)), ~Exists(banned), deleted_at=None
    )


def get_room(*, room_id: UUID, reader_id: UUID) -> Room:
    """Return the room.

    Raises:
        NoSuchRoom: There is no such room, or the reader may not read it.
        Banned: The reader is banned from it.
    """
    try:
        return rooms_visible_to(reader_id).get(pk=room_id)
    except Room.DoesNotExist:
        check_not_banned(user_id=reader_id, scope_id=room_id)
        raise NoSuchRoom from None


# `rooms_visible_to`, the reader's membership and the room's head in one statement, for each
# subscription.
_FOUND = f"""
    SELECT room.seq, room.epoch, room.acl_version, room.moderation_mode,
           membership.id IS NOT NULL, {silence_sql("%(reader)s", "%(room)s")}
      FROM chat_room room
      LEFT JOIN chat_membership membership
           ON membership.room_id = room.id AND membership.user_id = %(reader)s
     WHERE room.id = %(room)s AND {is_reader_sql("%(reader)s")}
"""  # noqa: S608  (names of columns)


def found_by(*, reader_id: UUID, room_id: UUID) -> tuple[Head, bool, Restriction | None]:
    """Return the head of a room, whether the reader is a member, and what mutes them there.

    All of it is from one snapshot.

    Raises:
        NoSuchRoom: There is no such room, or the reader may not read it.
        Banned: The reader is banned from it.
    """
    rows = run_prepared(_FOUND, {"reader": reader_id, "room": room_id})
    if not rows:
        check_not_banned(user_id=reader_id, scope_id=room_id)
        raise NoSuchRoom
    seq, epoch, acl_version, mode, is_member, silence = rows[0]
    head = Head(
        room=room_id,
        seq=seq,
        epoch=epoch,
        acl_version=acl_version,
        moderation_mode=mode,
        deleted=False,
    )
    return head, is_member, restriction_from(silence)


def membership(*, room_id: UUID, user_id: UUID) -> Membership | None:
    """Return the membership of a user in a room that is not deleted, if they have one."""
    return Membership.objects.filter(room=room_id, room__deleted_at=None, user=user_id).first()


def is_moderator(*, room_id: UUID, user_id: UUID) -> bool:
    """Tell whether the user is an administrator or a moderator of the room."""
    found = membership(room_id=room_id, user_id=user_id)
    return found is not None and found.role in MODERATORS


def readers(*, room_id: UUID, user_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of `user_ids` who may read the room."""
    asked = set(user_ids)
    room = Room.objects.filter(pk=room_id, deleted_at=None).only("is_private").first()
    if room is None:
        return set()
    if not room.is_private:
        return asked - banned_from(room_id, asked)
    members = Membership.objects.filter(room=room_id, user__in=asked)
    return set(members.values_list("user_id", flat=True))


def refusal_view(message: Message) -> MessageView:
    """Return the author's view of a message for a notice that a text of it is not shown.

    Such a notice reaches its author also after a removal from the room. `seq` and `position` of a
    message that was public would then count what others have done there since.

    Args:
        message: The message, with its `author` loaded.
    """
    is_outside = message.seq and not readers(room_id=message.room_id, user_ids=[message.author_id])
    view = view_from_outside if is_outside else own_view
    return view(message, language=message.author.language)


def room_type(room_id: UUID) -> str:
    """Return the type by which policies are assigned; empty without such a room."""
    found = Room.objects.filter(pk=room_id).values_list("is_private", flat=True).first()
    return "" if found is None else ("private" if found else "public")


def moderated_rooms(user_id: UUID) -> set[UUID]:
    """Return the ids of the rooms in which the user is an administrator or a moderator."""
    found = Membership.objects.filter(user=user_id, role__in=MODERATORS, room__deleted_at=None)
    return set(found.values_list("room_id", flat=True))


def rooms_moderated_by_each(user_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Return `moderated_rooms` by user, in one statement; without those who moderate none."""
    rooms = defaultdict[UUID, set[UUID]](set)
    values = {"users": list(user_ids), "roles": list(MODERATORS)}
    for user_id, room_id in run_prepared(_MODERATED, values):
        rooms[user_id].add(room_id)
    return dict(rooms)


def active_moderators(*, room_ids: Collection[UUID], user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the users, with an active account, who moderate one of the rooms."""
    values = {"rooms": list(room_ids), "users": list(user_ids), "roles": list(MODERATORS)}
    return {user_id for (user_id,) in run_prepared(_MODERATING, values)}


def moderators_of(room_id: UUID) -> set[UUID]:
    """Return the ids of the administrators and moderators of a room."""
    found = Membership.objects.filter(room=room_id, role__in=MODERATORS)
    return set(found.values_list("user_id", flat=True))


def participants(room_id: UUID) -> QuerySet[Membership]:
    """Return the memberships of a room with their users, oldest first."""
    return (
        Membership.objects.filter(room=room_id).select_related("user").order_by("created_at", "id")
    )


def listed_rooms(
    user_id: UUID, *, scope: Scope = "all", search: str = "", by_activity: bool = False
) -> QuerySet[Room]:
    """Return the rooms that a user may read.

    Args:
        user_id: The account that lists them.
        scope: `mine` for those in which the user is a member, `public` for the public ones, `all`
            for both. A room from which the user is banned is never listed.
        search: Words that the name must contain. Case and accents do not matter.
        by_activity: Whether the room with the newest message comes first, or the newest room.

    Returns:
        Rooms with `participants_count`, the user's `role` or None, and `last_message_id` or None.
    """
    memberships = Membership.objects.filter(room=OuterRef("pk"))
    counted = memberships.order_by().values("room").annotate(count=Count("*")).values("count")
    visible = Message.objects.filter(room=OuterRef("pk"), status=Message.Status.APPROVED)
    rooms = _in_scope(user_id, scope)
    for word in fold(search).split():
        rooms = rooms.filter(_is_in_name(word))
    first = "-last_activity_at" if by_activity else "-created_at"
    return rooms.annotate(
        last_message_id=Subquery(visible.order_by("-position").values("id")[:1]),
        participants_count=Coalesce(Subquery(counted), 0),
        role=Subquery(memberships.filter(user=user_id).values("role")),
    ).order_by(first, "-id")


def _is_in_name(word: str) -> Contains | GreaterThan:
    if has_trigram(word):
        return Contains(_FOLDED_NAME, Value(word))
    return GreaterThan(StrIndex(_FOLDED_NAME, Value(word)), 0)


def _in_scope(user_id: UUID, scope: Scope) -> QuerySet[Room]:
    match scope:
        case "mine":
            return Room.objects.filter(memberships__user=user_id, deleted_at=None)
        case "public":
            return rooms_visible_to(user_id).filter(is_private=False)
        case "all":
            return rooms_visible_to(user_id)


def last_messages(rooms: Iterable[Room]) -> dict[UUID, LastMessage]:
    """Return the newest visible message of each of `rooms`, which `listed_rooms` returned, by the
    room's id. Rooms without one are absent."""
    ids = [room.last_message_id for room in rooms if room.last_message_id]  # type: ignore[attr-defined]  # annotated
    found = map(message_of, run_prepared(_VISIBLE, {"messages": ids}) if ids else ())
    return {message.room_id: last_message_view(message, length=EXCERPT) for message in found}


def get_listed_room(*, room_id: UUID, reader_id: UUID) -> Room:
    """Return the room as `listed_rooms` does.

    Raises:
        NoSuchRoom: There is no such room, or the reader may not read it.
    """
    room = listed_rooms(reader_id).filter(pk=room_id).first()
    if room is None:
        check_not_banned(user_id=reader_id, scope_id=room_id)
        raise NoSuchRoom
    return room
