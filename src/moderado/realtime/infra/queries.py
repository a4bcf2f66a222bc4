"""Queries of the event loop: each is one database call that reads in a safe order.

Permission is checked *after* reading, so that a removal committed before what was read is seen.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import msgspec

from moderado.accounts.selectors import live_sessions
from moderado.chat.events import Change
from moderado.chat.selectors import appeal_audience, case_audience, feed, rooms
from moderado.chat.selectors import own_changes as own
from moderado.chat.selectors.page_bytes import count_fitting
from moderado.chat.types import Changes, Head, MessageView
from moderado.core import failpoints
from moderado.enforcement.selectors import sanctions
from moderado.enforcement.selectors.blocks import hidden_people
from moderado.enforcement.selectors.restrictions import silences_of
from moderado.enforcement.services import claiming
from moderado.enforcement.types import Restriction
from moderado.moderation.services import claims
from moderado.realtime.infra.db_calls import run_in_db_thread


@dataclass(frozen=True, slots=True)
class Opened:
    """A room, as read by a user who may read it."""

    head: Head
    is_member: bool
    silence: Restriction | None = None  # the sanction that keeps the user from writing


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may read a room, as of `head.acl_version` or later. Without a room, `head` is None."""

    head: Head | None
    readers: frozenset[UUID]
    members: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Missed:
    """Changes that a hub missed, and the ACL version as of which they may be delivered."""

    changes: tuple[Change, ...]
    acl_version: int
    more: bool


@dataclass(frozen=True, slots=True)
class Resumed:
    """The answer to a `sync`: the changes, and the state of the reader's own messages."""

    changes: Changes
    pending: dict[str, MessageView | None]


def _open_room(*, reader_id: UUID, room_id: UUID) -> Opened:
    failpoints.reach("sync.between_register_and_read")
    return Opened(*rooms.found_by(reader_id=reader_id, room_id=room_id))


def _audience(*, room_id: UUID, user_ids: Collection[UUID]) -> Audience:
    failpoints.reach("hub.before_audience")
    head = feed.heads([room_id]).get(room_id)
    readers = rooms.readers(room_id=room_id, user_ids=user_ids)
    members = rooms.participants(room_id).filter(user__in=user_ids)
    return Audience(
        None if head is None or head.deleted else head,
        frozenset(readers),
        frozenset(members.values_list("user_id", flat=True)),
    )


def _missed(*, room_id: UUID, after: int) -> Missed:
    changes = feed.changes_after(room_id=room_id, after=after)
    head = feed.heads([room_id]).get(room_id)
    acl_version = 0 if head is None else head.acl_version
    return Missed(tuple(changes), acl_version, more=len(changes) >= feed.PAGE)


def _cut(changes: Changes) -> Changes:
    """Return a page that fits into an outbox; the client requests the next one after reading it."""
    count = count_fitting(changes.messages)
    if count == len(changes.messages):
        return changes
    page = changes.messages[:count]
    return msgspec.structs.replace(changes, messages=page, seq=page[-1].seq, more=True)


def _resume(
    *,
    reader_id: UUID,
    language: str,
    room_id: UUID,
    after: int,
    epoch: UUID | None,
    client_ids: Collection[str],
) -> Resumed:
    failpoints.reach("sync.between_register_and_read")
    changes = _cut(
        feed.changes(
            reader_id=reader_id, room_id=room_id, after=after, epoch=epoch, language=language
        )
    )
    rooms.get_room(room_id=room_id, reader_id=reader_id)
    found = (
        feed.own_messages(
            author_id=reader_id, room_id=room_id, client_ids=client_ids, language=language
        )
        if client_ids
        else {}
    )
    return Resumed(changes, {client_id: found.get(client_id) for client_id in client_ids})


open_room = run_in_db_thread(_open_room)
audience = run_in_db_thread(_audience)
missed = run_in_db_thread(_missed)
resume = run_in_db_thread(_resume)
silences = run_in_db_thread(silences_of)
sanction_news = run_in_db_thread(sanctions.sanction_news)
own_changes = run_in_db_thread(own.own_changes)
case_readers = run_in_db_thread(case_audience.case_readers)
appeal_readers = run_in_db_thread(appeal_audience.appeal_readers)
case_visibility = run_in_db_thread(case_audience.case_visibility)
claim_holders = run_in_db_thread(claims.claim_holders)
release_claims = run_in_db_thread(claiming.release_claims_of_absent)
heads = run_in_db_thread(feed.heads)
settled = run_in_db_thread(feed.settled)
ruled = run_in_db_thread(feed.ruled)
hidden = run_in_db_thread(hidden_people)
sessions_alive = run_in_db_thread(live_sessions)
