"""Decides whether a text is shown at once: by the mode of its room, its author and the text.

A room of mode `optimistic` shows a text at once if its author is in good standing and the local
providers find nothing in it. The whole policy judges it afterwards, as in mode `post`. Any other
text waits for its verdict, as in mode `pre` (ADR 0127).
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from msgspec import structs

from moderado.accounts.models import User
from moderado.chat.models import Message, Room
from moderado.chat.selectors.places import ROOM_TYPE
from moderado.chat.services.facts import Placement, with_costly_facts
from moderado.chat.services.verdicts import content_of
from moderado.chat.states import Mode
from moderado.core import failpoints
from moderado.core.database import run_prepared
from moderado.core.newcomers import is_newcomer
from moderado.enforcement.selectors.restrictions import restricts_posting_sql
from moderado.enforcement.selectors.strikes import has_points_sql
from moderado.moderation.services.blocked_texts import blocked_or_banked
from moderado.moderation.services.policy_lookup import GENERAL, in_force_sql
from moderado.moderation.services.screening import finds_nothing_locally
from moderado.moderation.types import Content

RECENT = 20  # messages of the author, from which their standing is read

# What became of the author's messages, the newest change first: an index has this order, so that
# few rows are read. A room without moderation says nothing about its messages. A refused revision
# that was replaced counts, too: an edit must not make it forgotten.
_RECENT = f"""
    SELECT count(*) FILTER (WHERE status = 'APPROVED' AND queued_at IS NULL AND is_judged),
           count(*) FILTER (WHERE reason = ANY (%(refusals)s) OR edit_reason = ANY (%(refusals)s)
               OR EXISTS (
                 SELECT 1 FROM chat_revision kept
                  WHERE kept.message_id = recent.id AND kept.status IN ('HELD', 'REJECTED')
                    AND EXISTS (
                      SELECT 1 FROM moderation_moderationlog line
                       WHERE line.subject_id = recent.id AND line.revision = kept.revision
                         AND line.reason = ANY (%(refusals)s))))
      FROM (
        SELECT id, status, queued_at, reason, edit_reason,
               (SELECT moderation_mode <> 'off' FROM chat_room
                 WHERE id = written.room_id) AS is_judged
          FROM chat_message written
         WHERE author_id = %(author)s ORDER BY changed_xid DESC LIMIT {RECENT}) recent
"""  # noqa: S608  (constants of this module)
_LOOK_UP = f"""
    WITH {GENERAL}, recent(allowed, refused) AS MATERIALIZED ({_RECENT})
    SELECT allowed, refused, {restricts_posting_sql("%(author)s", "chat_room.id")}
               OR {has_points_sql("%(author)s", "chat_room.id")},
           own.position, coalesce(own.created_at, statement_timestamp()), chat_room.seq,
           (SELECT role FROM chat_membership
             WHERE room_id = %(room)s AND user_id = %(author)s LIMIT 1),
           {in_force_sql("chat_room.id", ROOM_TYPE)}, {ROOM_TYPE}, chat_room.moderation_mode,
           chat_room.audience, (SELECT created_at FROM accounts_user WHERE id = %(author)s)
      FROM recent, chat_room
      LEFT JOIN LATERAL (
        SELECT position, created_at FROM chat_message WHERE id = %(message)s LIMIT 1) own ON true
     WHERE chat_room.id = %(room)s
"""  # noqa: S608  (as above)

_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(author)s, 0))"

# Reasons that say something about the author: that no provider could judge a text does not.
_REFUSALS = ["policy", "review", "moderator", "removed"]


class Writing(NamedTuple):
    """A text that is about to be posted, or to replace that of a message."""

    message_id: UUID
    room_id: UUID
    author_id: UUID
    text: str


class _Found(NamedTuple):
    """What `_LOOK_UP` returns."""

    allowed: int
    refused: int
    is_restricted: bool
    position: int | None  # of the message that is edited
    created_at: datetime
    seq: int
    role: str | None
    placement: Placement


def mode_for(room_mode: str, writing: Writing) -> Mode:
    """Return the mode under which a text is posted: a blocked or banked one waits in any room."""
    if room_mode == Room.Mode.PRE:  # found when it is judged
        return Mode.PRE
    if blocked_or_banked(scope_id=writing.room_id, author_id=writing.author_id, text=writing.text):
        return Mode.PRE
    if room_mode != Room.Mode.OPTIMISTIC:
        return Mode(room_mode)
    return Mode.POST if _is_shown_at_once(writing) else Mode.PRE


def _is_shown_at_once(writing: Writing) -> bool:
    if is_newcomer(writing.author_id) or not _is_alone(writing):
        return False
    found = _look_up(writing)
    if found.refused or found.is_restricted or found.allowed < settings.ENV.optimistic_messages:
        return False
    if failpoints.reach("mode.local_look"):
        return True
    return finds_nothing_locally(_content(writing, found))


def _is_alone(writing: Writing) -> bool:
    """Tell whether no other text of the author is being posted: it could not be looked at yet.

    Two parts of a word, or a flood, could be sent at one moment. What waits is read with them. The
    lock ends with the transaction, before the statements that follow read what it stored.
    """
    ((is_alone,),) = run_prepared(_TRY_LOCK, {"author": f"optimistic:{writing.author_id}"})
    return bool(is_alone)


def _look_up(writing: Writing) -> _Found:
    values: dict[str, Any] = {
        "message": writing.message_id,
        "room": writing.room_id,
        "author": writing.author_id,
        "refusals": _REFUSALS,
    }
    (row,) = run_prepared(_LOOK_UP, values)
    allowed, refused, is_restricted, position, created_at, seq, role, *placement = row
    return _Found(
        allowed, refused, is_restricted, position, created_at, seq, role, Placement(*placement)
    )


def _content(writing: Writing, found: _Found) -> Content:
    """Return what the providers would be given if the text waited."""
    draft = Message(
        id=writing.message_id,
        room_id=writing.room_id,
        author=User(id=writing.author_id),
        text=writing.text,
        position=found.seq if found.position is None else found.position,
        created_at=found.created_at,
        published_at=None if found.position is None else found.created_at,
    )
    draft.author_role = found.role
    draft.placement = found.placement
    (content,) = with_costly_facts([content_of(draft)], [draft])
    if (
        found.position is None and content.counts
    ):  # which include the message itself once it is stored
        counts = {name: count + 1 for name, count in content.counts.items()}
        content = structs.replace(content, counts=counts)
    return content
