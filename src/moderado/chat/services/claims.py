"""Claim waiting messages under row locks, with equal shares for the rooms, and lease them.

A claim skips rows that another transaction has locked or leased. A lease outlives the transaction;
its fence, a counter, tells a worker that came back too late that another one has taken over.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from moderado.chat.models import Message
from moderado.chat.selectors.authors import author_role
from moderado.chat.selectors.places import ROOM_TYPE
from moderado.chat.selectors.rows import columns, message_of
from moderado.chat.services.facts import Placement
from moderado.chat.services.restrictions import has_blocked_texts_sql, was_removed_sql
from moderado.core import failpoints
from moderado.core.database import require_transaction, run_prepared
from moderado.enforcement.selectors.restrictions import is_banned_sql
from moderado.moderation.services.hash_bank import VERSION_SQL
from moderado.moderation.services.policy_lookup import GENERAL, in_force_sql
from moderado.moderation.services.recording import is_judged_sql

BATCH = 200
MAX_ATTEMPTS = 5

# A loose index scan finds the rooms in which messages wait: one step for each room, whatever the
# backlog. It starts after the room where the last claim stopped (`ahead`) and continues with the
# first rooms (`behind`), so that every room has its turn. Rooms share the limit equally. A room
# whose messages are all locked or leased yields one row of NULLs, and its turn is over.
_FIRST_IN_LINE = "ORDER BY room_id, queued_at, id LIMIT 1"
# A text that others see is judged before an edit that waits: edits that follow each other must not
# keep it from being judged (ADR 0140).
_AWAITS_SHOWN = f"""
    CASE WHEN {{0}}.status = 'APPROVED' AND {{0}}.edit_status = 'PENDING'
         THEN NOT ({is_judged_sql("{0}.id", "{0}.revision")}) ELSE false END
"""
_CLAIM = f"""
    WITH RECURSIVE {GENERAL}, ahead(room_id, step) AS (
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
    SELECT room.step, room.room_id,
        place.is_deleted OR NOT author.is_active
            OR {is_banned_sql("claimed.author_id", "claimed.room_id")}
            OR {was_removed_sql("claimed.room_id", "claimed.author_id")}
            OR {has_blocked_texts_sql("claimed.room_id", "claimed.author_id")},
        place.in_force, place.type, place.mode, place.audience, author.created_at,
        {VERSION_SQL}, {_AWAITS_SHOWN.format("claimed")},
        {columns("claimed", "author")}
      FROM room LEFT JOIN LATERAL (
        SELECT deleted_at IS NOT NULL AS is_deleted, {ROOM_TYPE} AS type, moderation_mode AS mode,
               audience,
               {in_force_sql("chat_room.id", ROOM_TYPE)} AS in_force
          FROM chat_room WHERE id = room.room_id LIMIT 1) place ON true
      LEFT JOIN LATERAL (
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
_FIXED = 10  # columns before those of the message


class Claimant:
    """Claims messages, and remembers the room at which the last claim stopped.

    Attributes:
        has_come_round: Whether the last claim has looked at the last room in which messages wait.
        has_left_some: Whether a room used its whole share at the last claim, so that more messages
            may wait.
        restricted: The messages of the last claim for which `services.restrictions` must look.
    """

    def __init__(self) -> None:
        self.has_come_round = True
        self.has_left_some = False
        self.restricted: frozenset[UUID] = frozenset()
        self._after = _FIRST

    def claim(
        self,
        *,
        limit: int = BATCH,
        attempts: tuple[int, int] = (0, 0),
        older: timedelta = timedelta(0),
    ) -> list[Message]:
        """Lock waiting messages that are neither locked nor leased, the oldest of each room first.

        Requires a transaction, which holds the locks.

        Args:
            limit: The largest number of messages.
            attempts: The smallest and largest number of earlier attempts.
            older: How long they must have waited by PostgreSQL's clock. Zero compares no clock.

        Returns:
            The messages with their authors, in the order in which they were queued.
        """
        require_transaction()
        values: dict[str, Any] = {
            "after": self._after,
            "limit": limit,
            "older": older,
            "least": attempts[0],
            "most": attempts[1],
        }
        rows = run_prepared(_CLAIM, values)
        step, room_id = max((row[:2] for row in rows), default=(0, _FIRST))
        self.has_come_round = step < limit or room_id <= self._after
        self._after = room_id if step == limit else _FIRST
        taken = [row for row in rows if row[_FIXED] is not None]
        # `step` is the number of rooms.
        share = max(1, limit // step) if step else limit
        self.has_left_some = share in Counter(room for _, room, *_ in taken).values()
        claimed = [_message(row) for row in taken]
        self.restricted = frozenset(row[_FIXED] for row in taken if row[2])
        return sorted(claimed, key=lambda message: (message.queued_at, message.id))


def _message(row: tuple[Any, ...]) -> Message:
    message = message_of(row[_FIXED:])
    *placement, message.awaits_shown = row[3:_FIXED]
    message.placement = Placement(*placement)
    return message


def lease(messages: Sequence[Message], *, seconds: float) -> list[tuple[Message, int]]:
    """Count an attempt and lease locked messages beyond the transaction.

    Requires a transaction that holds their row locks.

    Returns:
        Each message with the fence of its lease, for `retake`.
    """
    require_transaction()
    if failpoints.reach("worker.lease"):
        return [(message, message.fence) for message in messages]
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        lease_until=Now() + timedelta(seconds=seconds),
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
    )
    return [(message, message.fence + 1) for message in messages]


def uncount(leased: Sequence[tuple[Message, int]]) -> None:
    """Take back the attempts of messages that are still leased under their fences."""
    for message, fence in leased:
        Message.objects.filter(pk=message.pk, fence=fence, attempts__gt=0).update(
            attempts=F("attempts") - 1
        )


def renew(leased: Sequence[tuple[Message, int]], *, seconds: float) -> None:
    """Extend the leases that are still held under their fences."""
    ours = Message.objects.filter(
        pk__in=[message.pk for message, _ in leased], lease_until__isnull=False
    )
    for fence in {fence for _, fence in leased}:
        same = [message.pk for message, theirs in leased if theirs == fence]
        ours.filter(pk__in=same, fence=fence).update(lease_until=Now() + timedelta(seconds=seconds))


def postpone(message: Message, *, fence: int, seconds: float) -> None:
    """Make a message that is leased under `fence` available again in `seconds`."""
    Message.objects.filter(pk=message.pk, fence=fence, lease_until__isnull=False).update(
        lease_until=Now() + timedelta(seconds=seconds)
    )


def retake(leased: Sequence[tuple[Message, int]]) -> list[Message]:
    """Lock leased messages again and reload them.

    Requires a transaction.

    Returns:
        The messages that still wait, that no other transaction has locked, and whose lease no other
        worker has taken over. The caller compares their content.
    """
    require_transaction()
    fences = {message.pk: fence for message, fence in leased}
    placements = {message.pk: message.placement for message, _ in leased}
    locked = (
        Message.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("author")
        .annotate(author_role=author_role())  # type: ignore[no-redef]  # instead of its query
        .annotate(awaits_shown=RawSQL(_AWAITS_SHOWN.format("chat_message"), []))  # noqa: S611
        .filter(pk__in=list(fences), queued_at__isnull=False)
    )
    ours = [message for message in locked if message.fence == fences[message.pk]]
    for message in ours:
        message.placement = placements[message.pk]
    return ours
