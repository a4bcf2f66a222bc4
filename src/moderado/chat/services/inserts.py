"""Storing one message in a transaction of its own, whatever the room's mode.

The general case of `services.batches`, at many times its price: see ADR 0023.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from moderado.accounts.models import User
from moderado.chat.errors import Conflict, NoSuchMessage, NoSuchRoom
from moderado.chat.lifecycle import transition
from moderado.chat.models import Membership, Message
from moderado.chat.selectors import rooms
from moderado.chat.selectors.refusals import find_refusal, is_open_sql
from moderado.chat.selectors.rows import author_columns, author_of
from moderado.chat.services.memberships import ensure_member
from moderado.chat.services.modes import Writing, mode_for
from moderado.chat.services.notices import notify_queued
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.transitions import STATUS
from moderado.chat.services.verdicts import content_of
from moderado.chat.states import NEW, Posted, State
from moderado.chat.types import NewMessage, SendResult
from moderado.core import failpoints
from moderado.core.database import retry_on_deadlock, run_prepared
from moderado.enforcement.errors import SlowMode
from moderado.enforcement.selectors.restrictions import (
    check_not_banned,
    restricts_writing_sql,
    slow_sanction_sql,
)
from moderado.enforcement.services.turns import take_turn, take_turn_of_row
from moderado.enforcement.types import Restriction
from moderado.moderation.services.recording import record_unjudged

Status = Message.Status

# A room in which the author is a member, and may read.
_PLACE = f"""
    SELECT room.moderation_mode, room.slow_mode_until, room.slow_mode_seconds,
           membership.id, membership.role, {author_columns("author")}
      FROM chat_room room
      JOIN chat_membership membership
           ON membership.room_id = room.id AND membership.user_id = %(author)s
      JOIN accounts_user author ON author.id = membership.user_id
     WHERE room.id = %(room)s AND {rooms.is_reader_sql("%(author)s")}
"""  # noqa: S608  (names of columns)

_REPLIED_TO = """
    SELECT id FROM chat_message
     WHERE id = %(message)s AND room_id = %(room)s
       AND (status = 'APPROVED' OR author_id = %(author)s AND status <> 'REMOVED')
"""

# `position` is the room's seq at the time of the statement. `queued_at` is PostgreSQL's clock,
# which the workers compare it with.
_INSERT = f"""
    INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
        revision, status, reason, categories, position, seq, reply_to_id,
        edit_reason, edit_categories, queued_at, fence, attempts)
    SELECT %(id)s, statement_timestamp(), room.id, %(author)s, %(client_id)s, %(hash)s, %(text)s,
        1, %(status)s, '', '{{}}', seq, 0, %(reply_to)s::uuid,
        '', '{{}}', CASE WHEN %(waits)s THEN statement_timestamp() END, 0, 0
      FROM chat_room room
      JOIN chat_membership membership
           ON membership.room_id = room.id AND membership.user_id = %(author)s
     WHERE room.id = %(room)s AND {is_open_sql("room", "membership")}
       AND NOT {restricts_writing_sql("%(author)s", "room.id")}
    ON CONFLICT (room_id, author_id, client_id) DO NOTHING
    RETURNING created_at, position, queued_at,
        {slow_sanction_sql("author_id", "chat_message.room_id")}
"""  # noqa: S608  (names of columns)


class _Place(NamedTuple):
    """A room, its author's membership and the author."""

    mode: str
    slow_mode_until: datetime | None
    slow_mode_seconds: int | None
    membership_id: UUID
    role: str
    author: User


@retry_on_deadlock
def store_message(draft: NewMessage) -> SendResult:
    """Store one message of any kind, in a transaction of its own.

    The author becomes a member of a public room. Quota and repeats are the caller's
    responsibility.

    Raises:
        NoSuchRoom: There is no such room, or the author may not read it.
        NoSuchMessage: The original of a reply does not exist here, or the author may not see it.
        Conflict: The `client_id` was used before. Nothing is changed: the author has not joined.
        Restricted: A sanction or a measure on the room refuses the message; nothing is changed.
    """
    with transaction.atomic():
        place = _place(draft) or _entered(draft)
        if draft.reply_to is not None:
            _check_reply(draft)
        writing = Writing(draft.id, draft.room_id, draft.author_id, draft.text)
        step = transition(NEW, Posted(mode_for(place.mode, writing)))
        message = _message_of(draft, place, step.state)
        _insert(message, waits=step.state.awaits is not None)
        _take_turn(place)
        if step.change:
            write([Changed(message, step.change)], ())
        if step.state.awaits is None:
            record_unjudged(content_of(message))
        result = SendResult(notify_queued(message), created=True)
        failpoints.reach("send.before_commit")
    failpoints.reach("send.after_commit_before_ack")
    return result


def _place(draft: NewMessage) -> _Place | None:
    """Return where a member posts; None if the author is no member or may not read the room."""
    rows = run_prepared(_PLACE, {"room": draft.room_id, "author": draft.author_id})
    if not rows:
        return None
    mode, until, seconds, membership_id, role, *author = rows[0]
    return _Place(mode, until, seconds, membership_id, role, author_of(author))


def _entered(draft: NewMessage) -> _Place:
    """Make the author a member of a public room; return it. Raises NoSuchRoom or Banned."""
    rooms.get_room(room_id=draft.room_id, reader_id=draft.author_id)
    ensure_member(user_id=draft.author_id, room_id=draft.room_id)
    place = _place(draft)
    if place is None:
        # A ban from the server hides no room. Else the room was deleted meanwhile.
        check_not_banned(user_id=draft.author_id, scope_id=draft.room_id)
        raise NoSuchRoom
    return place


def _check_reply(draft: NewMessage) -> None:
    values = {"message": draft.reply_to, "room": draft.room_id, "author": draft.author_id}
    if not run_prepared(_REPLIED_TO, values):
        raise NoSuchMessage


def _message_of(draft: NewMessage, place: _Place, state: State) -> Message:
    message = Message(
        id=draft.id,
        room_id=draft.room_id,
        author=place.author,
        client_id=draft.client_id,
        first_hash=bytes.fromhex(draft.hash),
        text=draft.text,
        status=STATUS[state.phase],
        reply_to_id=draft.reply_to,
    )
    message.author_role = place.role
    return message


def _insert(message: Message, *, waits: bool) -> None:
    """Insert `message` and set what PostgreSQL decides. An author in slow mode takes a turn.

    Raises Conflict if its client_id is taken, and what `find_refusal` returns.
    """
    values: dict[str, Any] = {
        "id": message.id,
        "room": message.room_id,
        "author": message.author_id,
        "client_id": message.client_id,
        "hash": message.first_hash,
        "text": message.text,
        "status": str(message.status),
        "reply_to": message.reply_to_id,
        "waits": waits,
    }
    rows = run_prepared(_INSERT, values)
    if not rows:
        raise find_refusal(user_id=message.author_id, room_id=message.room_id) or Conflict
    message.created_at, message.position, message.queued_at, sanction_id = rows[0]
    if sanction_id is not None:
        take_turn(sanction_id=sanction_id)


def _take_turn(place: _Place) -> None:
    """Take a turn if the room is in slow mode. It does not bind moderators."""
    until = place.slow_mode_until
    if until is not None and place.role == Membership.Role.MEMBER:
        take_turn_of_row(
            "chat_membership",
            place.membership_id,
            seconds=place.slow_mode_seconds or 0,
            restriction=Restriction(kind=SlowMode.code, until=until),
        )
