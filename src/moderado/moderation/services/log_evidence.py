"""Log lines with their digests and seals, as evidence that can be verified elsewhere."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from moderado.moderation.commitments import line_digest, unpack_entries
from moderado.moderation.models import LogSeal, ModerationLog
from moderado.moderation.services.sealing import DIGESTED
from moderado.moderation.texts import texts_of

BATCH = 500  # lines in memory at once

_LINES = f"""
    SELECT {", ".join(DIGESTED.values())} FROM moderation_moderationlog
     WHERE subject_id = ANY (%s) AND id > %s ORDER BY id LIMIT %s
"""  # noqa: S608  (our own columns)


class SealedLines:
    """Reads log lines, then the seals that cover the lines which were read."""

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._last: tuple[int, Mapping[UUID, bytes]] = (-1, {})  # lines of a seal are neighbours

    def lines(self, subject_ids: Collection[UUID]) -> Iterator[dict[str, Any]]:
        """Yield the log lines on these subjects, oldest first.

        A line has its columns in the order of the digest, its digest, the number of its seal (null
        if it is not sealed yet) and its texts.
        """
        after = UUID(int=0)
        while rows := _rows(subject_ids, after):
            after = rows[-1][0]
            texts = texts_of(ModerationLog.objects.filter(pk__in=[row[0] for row in rows]))
            for row in rows:
                digest = line_digest(row)
                yield {
                    "columns": dict(zip(DIGESTED, row, strict=True)),
                    "digest": digest.hex(),
                    "seal": self._covering(row[0], digest),
                    "texts": dict(texts[row[0]].content),
                }

    def seals(self) -> Iterator[dict[str, Any]]:
        """Yield the seals, each with all that its own digest is made of."""
        for number in sorted(self._numbers):
            seal = LogSeal.objects.get(number=number)
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

    def _covering(self, line_id: UUID, digest: bytes) -> int | None:
        seal = _seal_of(line_id)
        if seal is None:
            return None
        self._numbers.add(seal.number)
        if self._last[0] != seal.number:
            self._last = (seal.number, unpack_entries(bytes(seal.entries)))
        return seal.number if self._last[1].get(line_id) == digest else None


def _rows(subject_ids: Collection[UUID], after: UUID) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [list(subject_ids), after, BATCH])
        return list(cursor.fetchall())


def _seal_of(line_id: UUID) -> LogSeal | None:
    return LogSeal.objects.filter(after_id__lt=line_id, last_id__gte=line_id).first()
