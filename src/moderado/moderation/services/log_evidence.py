"""Log lines with their digests and seals, as evidence that can be verified elsewhere."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.db import connection

from moderado.moderation.commitments import line_digest, unpack_entries
from moderado.moderation.models import LogSeal, ModerationLog
from moderado.moderation.services.sealing import DIGESTED
from moderado.moderation.texts import texts_of

Rows = list[dict[str, Any]]

_LINES = f"""
    SELECT {", ".join(DIGESTED.values())} FROM moderation_moderationlog
     WHERE subject_id = ANY (%s) ORDER BY id
"""  # noqa: S608  (our own columns)


def sealed_lines(subject_ids: Collection[UUID]) -> tuple[Rows, Rows]:
    """Return the log lines on these subjects, oldest first, and the seals that cover them.

    A line has its columns in the order of the digest, its digest, the number of its seal (null if
    it is not sealed yet) and its texts. A seal has all that its own digest is made of.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [list(subject_ids)])
        rows = cursor.fetchall()
    ids = [row[0] for row in rows]
    texts = texts_of(ModerationLog.objects.filter(pk__in=ids))
    lines, seals = [], {}
    for row in rows:
        digest, seal = line_digest(row), _seal_of(row[0])
        is_covered = seal is not None and unpack_entries(bytes(seal.entries)).get(row[0]) == digest
        if seal is not None:
            seals[seal.number] = seal
        lines.append(
            {
                "columns": dict(zip(DIGESTED, row, strict=True)),
                "digest": digest.hex(),
                "seal": seal.number if seal is not None and is_covered else None,
                "texts": dict(texts[row[0]].content),
            }
        )
    return lines, list(_seals(seals))


def _seal_of(line_id: UUID) -> LogSeal | None:
    return LogSeal.objects.filter(after_id__lt=line_id, last_id__gte=line_id).first()


def _seals(found: dict[int, LogSeal]) -> Iterator[dict[str, Any]]:
    for number, seal in sorted(found.items()):
        before = LogSeal.objects.filter(number=number - 1).first()
        yield {
            "number": number,
            "created_at": seal.created_at,
            "after": seal.after_id,
            "last": seal.last_id,
            "entries": bytes(seal.entries).hex(),
            "previous": bytes(before.digest).hex() if before is not None else "",
            "digest": bytes(seal.digest).hex(),
        }
