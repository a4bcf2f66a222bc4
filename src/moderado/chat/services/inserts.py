"""Storing one message in a transaction of its own, whatever the room's mode.

The general case of `services.batches`, at many times its price: see ADR 0023.
"""

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from moderado.accounts.models import User
from moderado.chat.errors import Conflict, NoSuchMessage
from moderado.chat.lifecycle import transition
from moderado.chat.models import Membership, Message, Room
from moderado.chat.selectors import rooms
from moderado.chat.selectors.refusals import find_refusal, is_open_sql
from moderado.chat.services.memberships import ensure_member
from moderado.chat.services.notices import notify_queued
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.restrictions import mode_for
from moderado.chat.services.transitions import STATUS
from moderado.chat.services.verdicts import content_of
from moderado.chat.states import NEW, Posted, State
from moderado.chat.types import NewMessage, SendResult
from moderado.core import failpoints
from moderado.core.database import retry_on_deadlock
from moderado.enforcement.errors import SlowMode
from moderado.enforcement.selectors.restrictions import restricts_writing_sql, slow_sanction_sql
from moderado.enforcement.services.turns import take_turn, take_turn_of_row
from moderado.enforcement.types import Restriction
from moderado.moderation.services.recording import record_unjudged

Status = Message.Status

# `position` is the room's seq at the time of the statement. `queued_at` is PostgreSQL's clock,
# which the workers compare it with.
_INSERT = f"""
    INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
        revision, status, reason, categories, position, seq, reply_to_id,
        edit_reason, edit_categories, queued_at, fence, attempts)
    SELECT %(id)s, statement_timestamp(), room.id, %(author)s, %(client_id)s, %(hash)s, %(text)s,
        1, %(status)s, '', '{{}}', seq, 0, %(reply_to)s,
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


@retry_on_deadlock
def store_message(draft: NewMessage, reply_to: UUID | None) -> SendResult:
    """Store one message of any kind, in a transaction of its own.

    The author becomes a member of a public room. Quota and repeats are the caller's
    responsibility.

    Raises:
        NoSuchRoom: There is no such room, or the author may not read it.
        NoSuchMessage: `reply_to` does not exist here, or the author may not see it.
        Conflict: The `client_id` was used before. Nothing is changed: the author has not joined.
        Restricted: A sanction or a measure on the room refuses the message; nothing is changed.
    """
    with transaction.atomic():
        room = rooms.get_room(room_id=draft.room_id, reader_id=draft.author_id)
        author = User.objects.get(pk=draft.author_id)
        membership = ensure_member(user_id=author.id, room_id=room.id)
        if reply_to is not None:
            _check_reply(draft, reply_to)
        mode = mode_for(room.moderation_mode, room_id=room.id, author_id=author.id, text=draft.text)
        step = transition(NEW, Posted(mode))
        message = _message_of(draft, author, step.state, reply_to)
        message.author_role = membership.role
        _insert(message, waits=step.state.awaits is not None)
        _take_turn(room, membership)
        if step.change:
            write([Changed(message, step.change)], ())
        if step.state.awaits is None:
            record_unjudged(content_of(message))
        result = SendResult(notify_queued(message), created=True)
        failpoints.reach("send.before_commit")
    failpoints.reach("send.after_commit_before_ack")
    return result


def _check_reply(draft: NewMessage, reply_to: UUID) -> None:
    seen = Q(status=Status.APPROVED) | (Q(author_id=draft.author_id) & ~Q(status=Status.REMOVED))
    if not Message.objects.filter(seen, pk=reply_to, room_id=draft.room_id).exists():
        raise NoSuchMessage


def _message_of(draft: NewMessage, author: User, state: State, reply_to: UUID | None) -> Message:
    return Message(
        id=draft.id,
        room_id=draft.room_id,
        author=author,
        client_id=draft.client_id,
        first_hash=bytes.fromhex(draft.hash),
        text=draft.text,
        status=STATUS[state.phase],
        reply_to_id=reply_to,
    )


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
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        row = cursor.fetchone()
    if row is None:
        raise find_refusal(user_id=message.author_id, room_id=message.room_id) or Conflict
    message.created_at, message.position, message.queued_at, sanction_id = row
    if sanction_id is not None:
        take_turn(sanction_id=sanction_id)


def _take_turn(room: Room, membership: Membership) -> None:
    """Take a turn if the room is in slow mode. It does not bind moderators."""
    until = room.slow_mode_until
    if until is not None and membership.role == Membership.Role.MEMBER:
        take_turn_of_row(
            "chat_membership",
            membership.id,
            seconds=room.slow_mode_seconds or 0,
            restriction=Restriction(kind=SlowMode.code, until=until),
        )
