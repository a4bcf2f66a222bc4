"""What changed for one person: messages, profile, rooms, and what enforcement tells them alone.

The author's other devices cannot learn these from a room's `seq`. The order is that of transaction
ids, and a cursor never passes one that is still running: ADR 0039 says why nothing is missed.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from moderado.chat.models import Message
from moderado.chat.projection import own_view, view_from_outside
from moderado.chat.selectors.own_messages import own_messages
from moderado.chat.selectors.own_state import STATE_SQL, State, StateKind, views_of_state
from moderado.chat.selectors.page_bytes import bytes_of, count_sizes
from moderado.chat.types import MessageView
from moderado.chat.views import OwnChanges, OwnCursor
from moderado.core import failpoints
from moderado.core.database import cluster_id, run_prepared
from moderado.enforcement.selectors.blocks import hidden_sql
from moderado.enforcement.selectors.person_changes import Thing, views_of_things
from moderado.enforcement.types import OwnThing

PAGE = 200

_LAST_ID = UUID(int=2**128 - 1)
_View = msgspec.Struct
_STATES = frozenset(StateKind)
_Xid = Annotated[int, Meta(ge=0, le=2**63 - 1)]

# `origin` changes when the ids of the past say nothing any more: another cluster, a dump loaded
# anew, a recovery to an earlier moment, a new epoch of the rooms after a restore. It is NULL while
# there is no room, and so no message.
# `settled` is the author's newest stamp below all running transactions. It belongs to a commit
# that is on disk. The snapshot's xmin itself may not: after a crash PostgreSQL gives ids again
# that had been given to transactions which left no trace.
# Stamps from `xmax` on are those of another cluster, which a loaded dump contains.
_HERE = """
    WITH here AS MATERIALIZED (
        SELECT %(cluster)s::text || '/'
                   || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/'
                   || 'chat_message'::regclass::oid || '/'
                   || (SELECT epoch FROM chat_room ORDER BY created_at, id LIMIT 1) AS origin,
               pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xmax
    )"""
_SETTLED = """
               (SELECT coalesce(max(changed_xid), 0) FROM chat_message
                 WHERE author_id = %(author)s AND changed_xid < here.xmin),
               (SELECT coalesce(max(changed_xid), 0) FROM enforcement_personchange
                 WHERE user_id = %(author)s AND changed_xid < here.xmin)"""

# Of a handshake, in one statement: each costs a thirtieth of it. It reads no changes, but what else
# a connection must know: hidden people, and the newest messages that wait for a moderator. Nor does
# it read the rooms, which would take half as long again: the first `sync_me` may repeat some.
_START = f"""{_HERE}
    SELECT here.origin, here.xmax, greatest({_SETTLED}) AS settled,
           ARRAY(SELECT hidden
                   FROM ({hidden_sql("= %(author)s")}) AS found(viewer, hidden)),
           (SELECT json_agg(json_build_array(id, revision) ORDER BY id DESC) FROM (
               SELECT id, CASE status WHEN 'HELD' THEN revision ELSE edit_revision END AS revision
                 FROM chat_message
                WHERE author_id = %(author)s AND (status = 'HELD' OR edit_status = 'HELD')
                ORDER BY id DESC LIMIT %(limit)s) held)
      FROM here
"""  # noqa: S608  (constants)

_READ = f"""{_HERE},
    state AS MATERIALIZED ({STATE_SQL})
    SELECT here.origin, here.xmax, greatest({_SETTLED},
               (SELECT max(changed_xid) FROM state WHERE changed_xid < here.xmin)) AS settled,
           changed.changed_xid, changed.id, changed.kind, changed.subject_id
      FROM here LEFT JOIN LATERAL (
        (SELECT changed_xid, id, NULL AS kind, NULL::uuid AS subject_id FROM chat_message
          WHERE author_id = %(author)s AND changed_xid >= %(xid)s AND changed_xid < here.xmax
            AND (changed_xid, id) > (%(xid)s, %(id)s)
          ORDER BY changed_xid, id LIMIT %(limit)s)
         UNION ALL
        (SELECT changed_xid, id, kind, subject_id FROM enforcement_personchange
          WHERE user_id = %(author)s AND changed_xid >= %(xid)s AND changed_xid < here.xmax
            AND (changed_xid, id) > (%(xid)s, %(id)s)
          ORDER BY changed_xid, id LIMIT %(limit)s)
         UNION ALL
        (SELECT changed_xid, id, kind, subject_id FROM state
          WHERE (changed_xid, id) > (%(xid)s, %(id)s)
          ORDER BY changed_xid, id LIMIT %(limit)s)
         ORDER BY changed_xid, id LIMIT %(limit)s) changed ON true
"""  # noqa: S608  (the constants above)


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A place between two changes, and where the next reading starts after the last page.

    The place is after the change of `id` by `xid`. What transactions after `settled` changed may be
    on a page, but is read again: one of them may have committed behind the place.
    """

    origin: bytes  # a hash; empty if there was no room yet
    settled: _Xid
    xid: _Xid
    id: UUID

    @classmethod
    def at(cls, origin: bytes, settled: int) -> "_Cursor":
        return cls(origin, settled, settled, _LAST_ID)

    def encoded(self) -> OwnCursor:
        return OwnCursor(urlsafe_b64encode(msgspec.msgpack.encode(self)).decode().rstrip("="))


@dataclass(frozen=True, slots=True)
class _Change:
    """A message of the author, a part of their state, or a thing that enforcement keeps."""

    xid: int
    id: UUID
    thing: Thing | State | None

    @property
    def place(self) -> tuple[int, UUID]:
        return self.xid, self.id


@dataclass(frozen=True, slots=True)
class _Page:
    """What one statement read, as of one snapshot."""

    origin: bytes
    newest: int  # greater than the id of every transaction that is visible
    settled: int
    changes: list[_Change]


@dataclass(frozen=True, slots=True)
class OwnStart:
    """What a connection knows of its account when it opens.

    `me`: the cursor of now: what changes later is after it.
    `hidden`: whom the account does not see in direct views.
    `held`: its newest messages that wait for a moderator, with the revisions that do.
    """

    me: OwnCursor
    hidden: frozenset[UUID]
    held: list[tuple[UUID, int]]


def own_start(*, user_id: UUID, held: int) -> OwnStart:
    """Return what a connection of the account starts with.

    Args:
        user_id: The account.
        held: The maximum number of messages that wait for a moderator.
    """
    values = {"cluster": cluster_id(), "author": user_id, "limit": held}
    ((origin, newest, settled, hidden, waiting),) = run_prepared(_START, values)
    page = _page_of([(origin, newest, settled)])
    return OwnStart(
        me=_Cursor.at(page.origin, page.settled).encoded(),
        hidden=frozenset(hidden),
        held=[(UUID(message_id), revision) for message_id, revision in waiting or ()],
    )


def own_changes(
    *, author_id: UUID, after: str | None, language: str, limit: int = PAGE
) -> OwnChanges:
    """Return the present state of the person's messages, rooms, … that changed since a cursor.

    A change may be returned more than once, and is never missed: also not in rooms that the author
    may not read now, or read again (ADR 0071).

    Args:
        author_id: The account that reads what is its own.
        after: A cursor, or None for that of now.
        language: The language of explanations.
        limit: The maximum number of changes in the page, which ends earlier if they are long.

    Returns:
        A page with the next cursor. Its `reset` is true without a cursor, and for one that this
        database did not issue: the reader must load profile, rooms and lists anew.
    """
    cursor = _decoded(after)
    page = _read(author_id, after=cursor, limit=limit + 1)
    if cursor is None or not _is_known(cursor, page):
        start = _Cursor.at(page.origin, page.settled)
        return OwnChanges(me=start.encoded(), reset=True, more=False, messages=())
    views = _views(author_id, page.changes[:limit], language)
    count = count_sizes(_bytes(views.get(each.id)) for each in page.changes[:limit])
    changes, more = page.changes[:count], len(page.changes) > count
    is_first = (cursor.xid, cursor.id) == (cursor.settled, _LAST_ID)
    settled = max(cursor.settled, page.settled) if is_first else cursor.settled
    following = (
        _Cursor(page.origin, settled, *changes[-1].place)
        if more
        else _Cursor.at(page.origin, settled)
    )
    return OwnChanges(me=following.encoded(), reset=False, more=more, **_listed(changes, views))


def _is_known(cursor: _Cursor, page: _Page) -> bool:
    return cursor.origin in {b"", page.origin} and cursor.settled < page.newest


def _read(author_id: UUID, *, after: _Cursor | None, limit: int) -> _Page:
    values = {
        "cluster": cluster_id(),
        "author": author_id,
        "xid": after.xid if after else 0,
        "id": after.id if after else _LAST_ID,
        "limit": limit if after else 0,
    }
    return _page_of(run_prepared(_READ, values))


def _page_of(rows: list[tuple[Any, ...]]) -> _Page:
    origin, newest, settled = rows[0][:3]
    if failpoints.reach("sync_me.settled"):
        settled = newest - 1
    return _Page(
        blake2b(origin.encode(), digest_size=8).digest() if origin else b"",
        newest,
        settled,
        [
            _Change(xid, change_id, _thing(kind, subject_id))
            for xid, change_id, kind, subject_id in (row[3:] for row in rows if row[3:])
            if change_id is not None
        ],
    )


def _views(author_id: UUID, changes: list[_Change], language: str) -> Mapping[UUID, _View]:
    """Return what there is to see now of changes, by their ids."""
    views: dict[UUID, _View] = {}
    if message_ids := [each.id for each in changes if each.thing is None]:
        own = own_messages(author_id=author_id, message_ids=message_ids)
        views |= {
            each: _view(message, language, is_reader=is_reader)
            for each, (message, is_reader) in own.items()
        }
    things = {each.thing: each.id for each in changes if each.thing is not None}
    kept = [(kind, subject) for kind, subject in things if isinstance(kind, OwnThing)]
    states = [(kind, subject) for kind, subject in things if isinstance(kind, StateKind)]
    if kept:
        found = views_of_things(user_id=author_id, things=kept, language=language)
        views |= {things[thing]: view for thing, view in found.items()}
    if states:
        state = views_of_state(user_id=author_id, states=states, language=language)
        views |= {things[each]: view for each, view in state.items()}
    return views


def _thing(kind: str | None, subject_id: UUID) -> Thing | State | None:
    if kind is None:
        return None
    return (StateKind(kind), subject_id) if kind in _STATES else (OwnThing(kind), subject_id)


def _bytes(view: _View | None) -> int:
    if isinstance(view, MessageView):
        return bytes_of(view)
    return 0 if view is None else len(msgspec.json.encode(view))


def _listed(changes: list[_Change], views: Mapping[UUID, _View]) -> dict[str, Any]:
    """Return the views as fields of `OwnChanges`, each in the order of the changes."""
    lists: dict[str, list[_View]] = {"messages": []}
    for change in changes:
        if (view := views.get(change.id)) is not None:
            name = f"{change.thing[0]}s" if change.thing else "messages"
            lists.setdefault(name, []).append(view)
    (profile,) = lists.pop("profiles", [None])
    return {name: tuple(listed) for name, listed in lists.items()} | {"profile": profile}


def _view(message: Message, language: str, *, is_reader: bool) -> MessageView:
    # The place of a message that never was public says nothing about what others did.
    view = own_view if is_reader or not message.seq else view_from_outside
    return view(message, language=language)


def _decoded(text: str | None) -> _Cursor | None:
    try:
        raw = urlsafe_b64decode((text or "") + "=" * (-len(text or "") % 4))
        return msgspec.msgpack.decode(raw, type=_Cursor)
    except (ValueError, msgspec.MsgspecError):
        return None
