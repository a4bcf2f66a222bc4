"""What moderators see beside the text of a case: its state now, and the messages around it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from django.db.models import Exists, OuterRef

from moderado.accounts.models import User
from moderado.accounts.rights import VIEW_MESSAGE, staff_may
from moderado.chat.models import Message, Room
from moderado.chat.projection import public_view
from moderado.chat.selectors.authors import with_authors
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.chat.types import MESSAGE, MessageView
from moderado.core.database import run_prepared
from moderado.moderation.selectors import shown_revisions

_NEIGHBOURS = """
    SELECT about.id, neighbour.is_after, neighbour.id
      FROM chat_message about
      CROSS JOIN LATERAL (
        (SELECT id, false AS is_after FROM chat_message
          WHERE room_id = about.room_id AND status = 'APPROVED' AND id <> about.id
            AND (position, id) < (about.position, about.id)
          ORDER BY position DESC, id DESC LIMIT %(before)s)
        UNION ALL
        (SELECT id, true AS is_after FROM chat_message
          WHERE room_id = about.room_id AND status = 'APPROVED' AND id <> about.id
            AND (position, id) > (about.position, about.id)
          ORDER BY position, id LIMIT %(after)s)
      ) neighbour
     WHERE about.id = ANY (%(ids)s)
"""


SUPERSEDED = "SUPERSEDED"  # another revision has taken the place of the one that was reported


class ReviewedCase(Protocol):
    """A case of `moderation`, as far as this module needs to know it."""

    id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    scope_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Visible messages around the message of a case, in the order of the room."""

    before: tuple[MessageView, ...] = ()
    after: tuple[MessageView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSurroundings:
    """What a case shows beside its own row.

    `message_status` is that of the revision of the case: SUPERSEDED if another has replaced it,
    None if the subject is no message. `is_public`: others see the text of the case now.
    `successor`: the text that they see instead of it, if they see one.
    """

    room_name: str | None = None
    message_status: str | None = None
    is_public: bool = False
    successor: str | None = None
    context: Context = field(default_factory=Context)


def is_shown(subject_id: str, revision: str | None) -> Exists:
    """Return the condition that a message is shown in this revision or a later one.

    Args:
        subject_id: The column with the id of the message.
        revision: The column with the revision; None for any revision.
    """
    shown = Message.objects.filter(pk=OuterRef(subject_id), status=Message.Status.APPROVED)
    return Exists(shown if revision is None else shown.filter(revision__gte=OuterRef(revision)))


def surroundings(
    cases: Sequence[ReviewedCase], *, viewer: User, before: int = 2, after: int = 2
) -> dict[UUID, CaseSurroundings]:
    """Return what the viewer may see around each case, in a fixed number of statements.

    Args:
        cases: Cases that the viewer may see.
        viewer: The moderator. Staff see the context in rooms that they may read, or in every room
            with `chat.view_message`.
        before: How many messages to show before each.
        after: How many messages to show after each.
    """
    messages = _messages_of(cases)
    names = _names_of_rooms(case.scope_id for case in cases)
    contexts = _contexts(_readable(messages, viewer), before=before, after=after)
    shown = shown_revisions([case.subject_id for case in cases if case.subject_type != MESSAGE])
    found = {}
    for case in cases:
        message = messages.get(case.subject_id)
        status = _status(message, case)
        is_seen = message is not None and message.room.deleted_at is None
        found[case.id] = CaseSurroundings(
            room_name=names.get(case.scope_id) if case.scope_id else None,
            message_status=status,
            is_public=(status == Message.Status.APPROVED and is_seen)
            or shown.get((case.subject_type, case.subject_id)) == case.revision,
            successor=_successor(message, status) if is_seen else None,
            context=contexts.get(case.subject_id, Context()),
        )
    return found


def _messages_of(cases: Sequence[ReviewedCase]) -> dict[UUID, Message]:
    ids = [case.subject_id for case in cases if case.subject_type == MESSAGE]
    columns = ("room", "status", "revision", "text", "edit_revision", "edit_status")
    found = Message.objects.filter(pk__in=ids).select_related("room")
    return {each.id: each for each in found.only(*columns, "room__deleted_at")}


def _names_of_rooms(room_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {room_id for room_id in room_ids if room_id}
    return dict(Room.objects.filter(pk__in=wanted).values_list("id", "name"))


def _readable(messages: Mapping[UUID, Message], viewer: User) -> list[UUID]:
    if staff_may(viewer, VIEW_MESSAGE):
        return list(messages)
    room_ids = {message.room_id for message in messages.values()}
    readable = set(rooms_visible_to(viewer.id).filter(pk__in=room_ids).values_list("pk", flat=True))
    return [each.id for each in messages.values() if each.room_id in readable]


def _contexts(ids: Sequence[UUID], *, before: int, after: int) -> dict[UUID, Context]:
    """Return what the room shows around messages.

    Also of restricted cases: a gap would tell those who may not see them that there is one.
    """
    if not ids:
        return {}
    values = {"ids": list(ids), "before": before, "after": after}
    places = run_prepared(_NEIGHBOURS, values)
    wanted = {neighbour for _, _, neighbour in places}
    neighbours = Message.objects.filter(pk__in=wanted, status=Message.Status.APPROVED)
    views = {each.id: public_view(each) for each in with_authors(neighbours)}
    found: dict[UUID, dict[bool, list[MessageView]]] = {}
    for about, is_after, neighbour in places:
        if neighbour in views:  # unless it was removed since
            sides = found.setdefault(about, {False: [], True: []})
            sides[is_after].append(views[neighbour])
    return {
        about: Context(before=_in_order(sides[False]), after=_in_order(sides[True]))
        for about, sides in found.items()
    }


def _in_order(views: Iterable[MessageView]) -> tuple[MessageView, ...]:
    return tuple(sorted(views, key=lambda view: (view.position, view.id)))


def _successor(message: Message | None, status: str | None) -> str | None:
    """Return the visible text that has replaced the one of a case.

    One that is hidden may have a restricted case, of which the viewer must not learn.
    """
    if message is None or status != SUPERSEDED or message.status != Message.Status.APPROVED:
        return None
    return message.text


def _status(message: Message | None, case: ReviewedCase) -> str | None:
    """Return the status of the revision that the case is about."""
    if message is None:
        return None
    if message.status == Message.Status.REMOVED:
        return str(message.status)
    if case.revision == message.edit_revision:
        return str(message.edit_status)
    return str(message.status) if case.revision == message.revision else SUPERSEDED
