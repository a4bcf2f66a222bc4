"""What moderation reads about the author and the room of a message: no name and no address.

The claim brings most of it. What costs a query is read only where a policy reads it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from msgspec import structs

from moderado.chat.models import Message, Room
from moderado.chat.services.previous_texts import with_previous_texts
from moderado.core import clock
from moderado.enforcement.selectors.strikes import points_in_room
from moderado.moderation.services.screening import reads
from moderado.moderation.types import UNKNOWN_AUTHOR, WAS_SHOWN, AuthorFacts, Content, RoomFacts

MEMBER = "MEMBER"
_NO_CONTEXT: Mapping[str, Any] = MappingProxyType({})
COUNTED = 100  # approved messages are counted up to this
RECENT = 1_000  # messages of a room or of an author that are read: bounds the queries

_COUNTS = """
    SELECT count(*) FILTER (WHERE near.age <= interval '10 s'),
           count(*),
           count(*) FILTER (WHERE near.text = asked.text)
      FROM (
        SELECT %(at)s::timestamptz - recent.created_at AS age, recent.text FROM (
            SELECT author_id, created_at, text FROM chat_message
             WHERE room_id = %(room)s ORDER BY position DESC, id DESC LIMIT %(recent)s) recent
         WHERE recent.author_id = %(author)s
           AND recent.created_at BETWEEN %(at)s::timestamptz - interval '60 s' AND %(at)s
      ) near, (SELECT %(text)s AS text) asked
"""
_APPROVED = """
    SELECT count(*) FROM (
        SELECT 1 FROM chat_message WHERE author_id = %s AND status = 'APPROVED' LIMIT %s) approved
"""


class Placement(NamedTuple):
    """What a claim returns beside a message."""

    in_force: Sequence[UUID] | None
    room_type: str
    mode: str
    audience: str
    author_since: datetime
    bank: UUID | None = None  # version of the hash bank


def author_facts(message: Message) -> AuthorFacts:
    """Return what is known of the author without a query."""
    placement: Placement | None = message.placement
    if placement is None:
        return UNKNOWN_AUTHOR
    age = clock.estimated() - placement.author_since
    return AuthorFacts(role=message.author_role or MEMBER, age_days=max(age.days, 0))


def room_facts(message: Message) -> RoomFacts:
    """Return what is known of the room without a query."""
    placement: Placement | None = message.placement
    if placement is None:
        return RoomFacts()
    return RoomFacts(type=placement.room_type, mode=placement.mode, audience=placement.audience)


def context_of(message: Message) -> Mapping[str, Any]:
    """Return whether others see the text that waits: a room of mode `optimistic` does not tell."""
    placement: Placement | None = message.placement
    if placement is None or placement.mode != Room.Mode.OPTIMISTIC:
        return _NO_CONTEXT
    is_main = message.edit_status != Message.Status.PENDING or message.awaits_shown
    is_shown = message.status == Message.Status.APPROVED and is_main
    return {WAS_SHOWN: True} if is_shown else _NO_CONTEXT


def policy_of(message: Message) -> tuple[UUID, ...]:
    """Return the versions of the policy in force for the message, as claimed."""
    placement: Placement | None = message.placement
    return tuple(placement.in_force or ()) if placement else ()


def with_costly_facts(
    contents: Sequence[Content], messages: Sequence[Message]
) -> Sequence[Content]:
    """Return the contents with what costs a query: previous texts, facts that policies read."""
    contents = with_previous_texts(contents, messages)
    wanted = reads({content.policy for content in contents})
    if not wanted:
        return contents
    return [
        _with_costly_facts(content, message, wanted)
        for content, message in zip(contents, messages, strict=True)
    ]


def _with_costly_facts(content: Content, message: Message, wanted: frozenset[str]) -> Content:
    if "approved" in wanted:
        author = structs.replace(content.author, approved=_approved(message.author_id))
        content = structs.replace(content, author=author)
    if "strikes" in wanted:
        points = points_in_room(user_id=message.author_id, room_id=message.room_id)
        author = structs.replace(content.author, strikes=points)
        content = structs.replace(content, author=author)
    if "counts" in wanted:
        content = structs.replace(content, counts=_counts(content, message))
    return content


def _approved(author_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_APPROVED, [author_id, COUNTED])
        return int(cursor.fetchone()[0])


def _counts(content: Content, message: Message) -> dict[str, int]:
    """Count the author's messages in the room until this one, itself included."""
    values: dict[str, Any] = {
        "at": message.created_at,
        "room": message.room_id,
        "author": message.author_id,
        "text": content.text,
        "recent": RECENT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        names = ("messages_10s", "messages_60s", "repeats_60s")
        return dict(zip(names, cursor.fetchone(), strict=True))
