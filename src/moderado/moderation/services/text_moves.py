"""Moves the texts that a previous release wrote into columns to the erasable side table (ADR 0063).

Each batch is a transaction of its own, which waits for no other and locks a bounded number of rows.
It is repeated until nothing is left, so that it may be interrupted anywhere. Log lines are moved in
the order of their ids by `services.sealing`.
"""

import time
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from moderado.core.database import require_transaction
from moderado.moderation.commitments import commitment, new_salt

BATCH = 500  # rows

# Rows with texts in their columns: id, subject, author, and the texts as JSON. A previous release
# may also rule on a case whose text was moved already.
_FIND_LINES = """
    SELECT id, subject_type, subject_id, NULL::uuid, jsonb_build_object('raw', raw)::text
      FROM moderation_moderationlog owner
     WHERE raw <> moderation_without_texts(raw) AND commitment IS NULL AND {where}
"""
_FIND_CASES = """
    SELECT owner.id, owner.subject_type, owner.subject_id, owner.author_id,
           (coalesce(stored.content, '{{}}')::jsonb || jsonb_strip_nulls(jsonb_build_object(
             'text', CASE WHEN owner.commitment IS NULL THEN owner.text END,
             'reason', nullif(owner.reason, ''), 'note', nullif(owner.note, ''))))::text
      FROM moderation_case owner LEFT JOIN moderation_erasabletext stored USING (id)
     WHERE (owner.commitment IS NULL OR owner.reason <> '' OR owner.note <> '') AND {where}
"""
_FIND_CALLS = """
    SELECT id, subject_type, subject_id, NULL::uuid,
           jsonb_build_object('raw', response -> 'raw')::text
      FROM moderation_providercall owner WHERE response ? 'raw' AND {where}
"""
_STORE = """
    INSERT INTO moderation_erasabletext
           (id, created_at, kind, subject_type, subject_id, author_id, salt, content)
    VALUES (%s, now(), %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO UPDATE SET salt = excluded.salt, content = excluded.content,
                                   erased_at = NULL
"""
_MOVED_LINE = """
    UPDATE moderation_moderationlog
       SET raw = moderation_without_texts(raw), commitment = %s WHERE id = %s
"""
_MOVED_CASE = """
    UPDATE moderation_case SET text = '', reason = '', note = '', commitment = %s WHERE id = %s
"""
_MOVED_CALL = """
    UPDATE moderation_providercall SET response = response - 'raw', commitment = %s WHERE id = %s
"""
_KINDS = {
    "log": (_FIND_LINES, _MOVED_LINE),
    "case": (_FIND_CASES, _MOVED_CASE),
    "call": (_FIND_CALLS, _MOVED_CALL),
}


def move_texts(*, budget: float) -> bool:
    """Move texts of cases and calls.

    Args:
        budget: Seconds after which no further batch begins.

    Returns:
        Whether nothing is left, except rows that others hold locked.
    """
    deadline = time.monotonic() + budget
    for kind in ("case", "call"):
        while _move_batch(kind) == BATCH:
            if time.monotonic() >= deadline:
                return False
    return True


def move_texts_of_lines(line_ids: Collection[UUID]) -> int:
    """Move the texts of log lines, and return of how many. Requires a transaction."""
    require_transaction()
    return _move("log", "owner.id = ANY(%s)", list(line_ids))


def move_texts_of(subject_ids: Collection[UUID]) -> None:
    """Move all texts about subjects. Requires a transaction."""
    require_transaction()
    for kind in _KINDS:
        _move(kind, "owner.subject_id = ANY(%s)", list(subject_ids))


@transaction.atomic
def _move_batch(kind: str) -> int:
    return _move(kind, "true", None, f"LIMIT {BATCH} FOR NO KEY UPDATE OF owner SKIP LOCKED")


def _move(
    kind: str, where: str, ids: list[UUID] | None, lock: str = "FOR NO KEY UPDATE OF owner"
) -> int:
    find, moved = _KINDS[kind]
    find = find.format(where=where) + f" ORDER BY owner.id {lock}"
    with connection.cursor() as cursor:
        cursor.execute(find, None if ids is None else [ids])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        if not rows:
            return 0
        texts, owners = [], []
        for id_, subject_type, subject_id, author_id, content in rows:
            salt = new_salt()
            texts.append([id_, kind, subject_type, subject_id, author_id, salt, content])
            owners.append([commitment(salt, content), id_])
        cursor.executemany(_STORE, texts)
        cursor.executemany(moved, owners)
    return len(rows)
