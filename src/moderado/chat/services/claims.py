"""Claiming what waits: under row locks, skipping what others hold, fair between rooms."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from moderado.chat.models import Message
from moderado.chat.services.rows import columns, message_of
from moderado.core import failpoints
from moderado.core.database import run_prepared

BATCH = 200
MAX_ATTEMPTS = 5

# In which rooms something waits: a loose index scan, one step a room whatever the backlog. It
# begins after a room of the caller's choice and goes round, so that none is always last: `ahead`
# are the rooms after that one, `behind` those up to it. Each has its share. A room of which others
# hold everything has a row as well, with nothing in it: it had its turn.
_FIRST_IN_LINE = "ORDER BY room_id, queued_at, id LIMIT 1"
_CLAIM = f"""
    WITH RECURSIVE ahead(room_id, step) AS (
        (SELECT room_id, 1 FROM chat_message
          WHERE queued_at IS NOT NULL AND room_id > %(after)s {_FIRST_IN_LINE})
        UNION ALL
        SELECT following.room_id, step + 1 FROM ahead, LATERAL (
            SELECT room_id FROM chat_message
             WHERE queued_at IS NOT NULL AND room_id > ahead.room_id {_FIRST_IN_LINE}) following
         WHERE step < %(limit)s
    ), behind(room_id, step) AS (
        (SELECT room_id, 1 + (SELECT count(*) FROM ahead) FROM chat_message
          WHERE queued_at IS NOT NULL AND room_id <= %(after)s
            AND (SELECT count(*) FROM ahead) < %(limit)s {_FIRST_IN_LINE})
        UNION ALL
        SELECT following.room_id, step + 1 FROM behind, LATERAL (
            SELECT room_id FROM chat_message
             WHERE queued_at IS NOT NULL AND room_id > behind.room_id
               AND room_id <= %(after)s {_FIRST_IN_LINE}) following
         WHERE step < %(limit)s
    ), room AS (
        SELECT * FROM ahead UNION ALL SELECT * FROM behind
    )
    SELECT room.step, room.room_id, {columns("claimed", "author")}
      FROM room LEFT JOIN LATERAL (
        SELECT * FROM chat_message
         WHERE room_id = room.room_id AND queued_at IS NOT NULL
           AND (%(older)s = interval '0' OR queued_at <= statement_timestamp() - %(older)s)
           AND attempts BETWEEN %(least)s AND %(most)s
           AND (lease_until IS NULL OR lease_until < statement_timestamp())
         ORDER BY queued_at, id LIMIT (SELECT greatest(1, %(limit)s / count(*)) FROM room)
           FOR NO KEY UPDATE SKIP LOCKED) claimed ON true
      LEFT JOIN accounts_user author ON author.id = claimed.author_id
"""  # noqa: S608  (names of our own columns)

_FIRST = UUID(int=0)


class Claimant:
    """Remembers where it stopped, so that with more rooms than places every room has its turn.

    `has_left_some`: whether at the last claim a room gave its whole share, so that more may wait.
    """

    def __init__(self) -> None:
        self.has_left_some = False
        self._after = _FIRST

    def claim(
        self,
        *,
        limit: int = BATCH,
        attempts: tuple[int, int] = (0, 0),
        older: timedelta = timedelta(0),
    ) -> list[Message]:
        """Lock up to `limit` messages that wait and that nobody holds, oldest first in each room.

        `attempts`: how often they may have been tried, from and to. `older`: how long they must
        have waited by the database's clock; zero asks no clock, since a web server's may be ahead.
        Locks last as long as the caller's transaction.
        """
        values: dict[str, Any] = {
            "after": self._after,
            "limit": limit,
            "older": older,
            "least": attempts[0],
            "most": attempts[1],
        }
        rows = run_prepared(_CLAIM, values)
        step, room_id = max((row[:2] for row in rows), default=(0, _FIRST))
        self._after = room_id if step == limit else _FIRST
        taken = [row for row in rows if row[2] is not None]
        # `step` counts the rooms, each of which has a row.
        share = max(1, limit // step) if step else limit
        self.has_left_some = share in Counter(room for _, room, *_ in taken).values()
        claimed = [message_of(row[2:]) for row in taken]
        return sorted(claimed, key=lambda message: (message.queued_at, message.id))


def lease(messages: Sequence[Message], *, seconds: float) -> list[tuple[Message, int]]:
    """Count an attempt and hold these locked messages beyond the transaction; each with its fence.

    Whoever comes back later than that finds a newer fence and changes nothing.
    """
    if failpoints.reach("worker.lease"):
        return [(message, message.fence) for message in messages]
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        lease_until=Now() + timedelta(seconds=seconds),
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
    )
    return [(message, message.fence + 1) for message in messages]


def renew(leased: Sequence[tuple[Message, int]], *, seconds: float) -> None:
    """Hold on to what is still ours."""
    ours = Message.objects.filter(
        pk__in=[message.pk for message, _ in leased], lease_until__isnull=False
    )
    for fence in {fence for _, fence in leased}:
        same = [message.pk for message, theirs in leased if theirs == fence]
        ours.filter(pk__in=same, fence=fence).update(lease_until=Now() + timedelta(seconds=seconds))


def postpone(message: Message, *, fence: int, seconds: float) -> None:
    """Let a leased message of ours be tried again in so many seconds, and not before."""
    Message.objects.filter(pk=message.pk, fence=fence, lease_until__isnull=False).update(
        lease_until=Now() + timedelta(seconds=seconds)
    )


def retake(leased: Sequence[tuple[Message, int]]) -> list[Message]:
    """Lock leased messages again: those whose lease is still ours and that nobody has changed."""
    fences = {message.pk: fence for message, fence in leased}
    held = _held(list(fences))
    return [message for message in held if message.fence == fences[message.pk]]


def _held(ids: Sequence[UUID]) -> QuerySet[Message]:
    return (
        Message.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("author")
        .filter(pk__in=ids, queued_at__isnull=False)
    )
