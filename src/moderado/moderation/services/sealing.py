"""Seals the moderation log: digests of consecutive lines, chained (ADR 0063).

A line is sealed once no open transaction can add another one before it. Its texts are moved to the
side table first, if a previous release wrote it. The seals are also the place up to which the log
was read, so that an interrupted run continues where it stopped.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from moderado.core.ids import first_id
from moderado.moderation.commitments import line_digest, pack_entries, seal_digest
from moderado.moderation.models import LogSeal
from moderado.moderation.services.text_moves import move_texts, move_texts_of_lines

log = structlog.get_logger(__name__)

BUDGET = 5.0  # seconds in which one run begins batches
BATCH = 1000  # lines of one seal
# The id of a line is as old as its transaction; clocks of servers may differ by as much.
SETTLE = timedelta(minutes=5)

START = UUID(int=0)

# What the digest of a line covers, in this order: every column of the table.
DIGESTED = {
    "id": "id",
    "created_at": "(extract(epoch FROM created_at) * 1000000)::bigint",
    "subject_type": "subject_type",
    "subject_id": "subject_id",
    "revision": "revision",
    "scope_id": "scope_id",
    "verdict": "verdict",
    "score": "score::text",
    "categories": "categories::text",
    "reason": "reason",
    "provider": "provider",
    "model": "model",
    "policy": "policy",
    "policy_version": "policy_version",
    "decided_by": "decided_by",
    "basis": "basis::text",
    "signals": "signals::text",
    "facts": "facts::text",
    "matches": "matches::text",
    "failures": "failures::text",
    "latency": "latency::text",
    "cost": "cost::text",
    "actor_id": "actor_id",
    "commitment": "encode(commitment, 'hex')",
    "raw": "raw::text",
}
_LINES = f"""
    SELECT {", ".join(DIGESTED.values())} FROM moderation_moderationlog
     WHERE id > %s AND id <= %s ORDER BY id LIMIT %s
"""  # noqa: S608  (columns from above)
_HORIZON = """
    SELECT least(now(), min(xact_start)) FROM pg_stat_activity
     WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('moderation_log_seal', 0))"


def seal_log(*, settle: timedelta = SETTLE) -> bool:
    """Move texts of previous releases, and seal the lines that are old enough.

    Args:
        settle: How old a line must be.

    Returns:
        Whether nothing is left to do now; False when `BUDGET` was not enough.
    """
    deadline = time.monotonic() + BUDGET
    is_done = move_texts(budget=BUDGET / 2)
    sealed = 0
    while count := _seal_batch(settle):
        sealed += count
        if count < BATCH:
            break
        if time.monotonic() >= deadline:
            is_done = False
            break
    if sealed:
        log.info("log_sealed", lines=sealed)
    return is_done


def read_digests(after: UUID, last: UUID, limit: int) -> dict[UUID, bytes]:
    """Return the digests of the first lines with `after` < id <= `last`, by id and in its order."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [after, last, limit])
        return {row[0]: line_digest(row) for row in _rows(cursor)}


def _rows(cursor: Any) -> Iterator[Sequence[Any]]:
    while rows := cursor.fetchmany(BATCH):
        yield from rows


@transaction.atomic
def _seal_batch(settle: timedelta) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            return 0  # another worker holds the lock
        cursor.execute(_HORIZON)
        until = first_id(cursor.fetchone()[0] - settle)
    before = LogSeal.objects.order_by("-number").values_list("number", "last_id", "digest").first()
    number, after, previous = before or (0, START, b"")
    found = read_digests(after, until, BATCH)
    if not found:
        return 0
    if move_texts_of_lines(found):
        found = read_digests(after, until, BATCH)
    entries, last = pack_entries(found), next(reversed(found))
    LogSeal.objects.create(
        number=number + 1,
        after_id=after,
        last_id=last,
        entries=entries,
        digest=seal_digest(
            previous=bytes(previous), number=number + 1, after=after, last=last, entries=entries
        ),
    )
    return len(found)
