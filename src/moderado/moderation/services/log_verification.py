"""Verifies the moderation log: its lines against the seals, and texts against the commitments.

Reads in pages and keeps none, so that its memory does not grow with the log. It may run while
lines are written and texts are erased: a record and its text are read by one statement.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from moderado.moderation.commitments import commitment, seal_digest, unpack_entries
from moderado.moderation.models import LogSeal
from moderado.moderation.services.sealing import BATCH, START, read_digests

INTACT = "intact"
ERASED = "erased"
ALTERED = "altered"
MISSING = "missing"
ADDED = "added"  # a line among sealed ones that was not there when they were sealed
UNSEALED = "unsealed"  # newer than the last seal
UNMOVED = "unmoved"  # a text in the columns of a previous release

FAULTS = frozenset({ALTERED, MISSING, ADDED})
SHOWN = 100  # faults that are named; all are counted

_LAST = UUID(int=(1 << 128) - 1)
_PAGE = 200  # records whose texts are read together; a text has up to 64 KiB
# A case has the newest commitment that a trigger kept of it, and each one after the first came
# with a log line: of a ruling, or of a reversal (ADR 0119).
_CASE_IS_KEPT = """(
    SELECT CASE WHEN count(*) = 0 THEN owner.commitment IS NULL
           ELSE owner.commitment IS NOT DISTINCT FROM
                (array_agg(kept.commitment ORDER BY kept.number DESC))[1]
            AND (count(*) = 1 OR count(*) - 1 + max(kept.lines_before) <= (
                SELECT count(*) FROM moderation_moderationlog line
                 WHERE line.subject_id = owner.subject_id AND line.raw ->> 'case' = owner.id::text))
           END
      FROM moderation_casecommitment kept WHERE kept.case_id = owner.id)
"""
# By kind: table, whether its texts were not moved yet, whether its commitment is the recorded one.
# Triggers refuse to change that of a log line or of a call.
_TABLES = {
    "log": ("moderation_moderationlog", "owner.raw <> moderation_without_texts(owner.raw)", "true"),
    "case": ("moderation_case", "owner.commitment IS NULL", _CASE_IS_KEPT),
    "call": ("moderation_providercall", "owner.response ? 'raw'", "true"),
}
_TEXTS = """
    SELECT owner.id, owner.commitment, {is_kept}, stored.id IS NOT NULL, stored.salt,
           stored.content, stored.erased_at IS NOT NULL
      FROM {table} owner LEFT JOIN moderation_erasabletext stored USING (id)
     WHERE owner.id > %s AND (owner.commitment IS NOT NULL OR {unmoved})
     ORDER BY owner.id LIMIT %s
"""
# The server's role cannot delete texts: one without its record says that the record was deleted.
# Of log lines, the seals say it.
_ORPHANS = """
    SELECT stored.id FROM moderation_erasabletext stored
     WHERE stored.id > %s AND stored.kind = %s
       AND NOT EXISTS (SELECT FROM {table} owner WHERE owner.id = stored.id)
     ORDER BY stored.id LIMIT %s
"""


class _Row(NamedTuple):
    """A record's id and commitment, and the row with its text."""

    id: UUID
    promised: bytes | None
    is_kept: bool  # `promised` is what was recorded
    is_there: bool
    salt: bytes | None
    content: str | None
    is_erased: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """A line, a text or a seal that is not as it was recorded."""

    what: str  # `line`, `seal`, or the kind of the text's record
    id: str
    state: str


@dataclass(slots=True)
class Verification:
    """What was found: counts by state, and the first faults.

    Attributes:
        lines: Of log lines.
        seals: Of seals.
        texts: Of texts, by the kind of their record.
        faults: At most `SHOWN`.
        head: Number and digest of the newest seal: what to keep elsewhere.
    """

    lines: Counter[str] = field(default_factory=Counter)
    seals: Counter[str] = field(default_factory=Counter)
    texts: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    head: tuple[int, str] | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing was altered, added or lost."""
        counted = (self.lines, self.seals, *self.texts.values())
        return not any(each[fault] for each in counted for fault in FAULTS)

    def count(self, counted: Counter[str], state: str, what: str, id_: object) -> None:
        """Count a record, and name it if it is at fault."""
        counted[state] += 1
        if state in FAULTS and len(self.faults) < SHOWN:
            self.faults.append(Fault(what, str(id_), state))


def verify_log(*, head: str = "") -> Verification:
    """Verify all lines, seals and texts.

    Args:
        head: The digest of a seal that was noted elsewhere, in hexadecimal. A log whose newest
            seals were removed, or that was sealed again, does not have it.
    """
    found = Verification()
    after, number, digest = START, 0, b""
    is_known = not head
    for seal in _seals():
        if seal.number > number + 1:
            found.count(found.seals, MISSING, "seal", f"{number + 1}-{seal.number - 1}")
            found.lines[UNSEALED] += sum(len(page) for page in _pages(after, seal.after_id))
        state = INTACT if _is_intact(seal, digest) or seal.number > number + 1 else ALTERED
        found.count(found.seals, state, "seal", seal.number)
        _verify_lines(found, seal)
        after, number, digest = seal.last_id, seal.number, bytes(seal.digest)
        is_known = is_known or digest.hex() == head.lower()
    if number:
        found.head = (number, digest.hex())
    if not is_known:
        found.count(found.seals, MISSING, "seal", head)
    found.lines[UNSEALED] += sum(len(page) for page in _pages(after, _LAST))
    for kind in _TABLES:
        _verify_texts(found, kind)
    return found


def _seals() -> Iterator[LogSeal]:
    number = 0
    while seal := LogSeal.objects.filter(number__gt=number).order_by("number").first():
        yield seal
        number = seal.number


def _is_intact(seal: LogSeal, previous: bytes) -> bool:
    return bytes(seal.digest) == seal_digest(
        previous=previous,
        number=seal.number,
        after=seal.after_id,
        last=seal.last_id,
        entries=bytes(seal.entries),
    )


def _verify_lines(found: Verification, seal: LogSeal) -> None:
    sealed = unpack_entries(bytes(seal.entries))
    for page in _pages(seal.after_id, seal.last_id):
        for id_, digest in page.items():
            before = sealed.pop(id_, None)
            state = ADDED if before is None else INTACT if before == digest else ALTERED
            found.count(found.lines, state, "line", id_)
    for id_ in sealed:
        found.count(found.lines, MISSING, "line", id_)


def _pages(after: UUID, last: UUID) -> Iterator[dict[UUID, bytes]]:
    while page := read_digests(after, last, BATCH):
        yield page
        if len(page) < BATCH:
            return
        after = next(reversed(page))


def _verify_texts(found: Verification, kind: str) -> None:
    counted = found.texts.setdefault(kind, Counter())
    table, unmoved, is_kept = _TABLES[kind]
    statement = _TEXTS.format(table=table, unmoved=unmoved, is_kept=is_kept)
    for row in _read(statement):
        found.count(counted, _text_state(_Row(*row)), kind, row[0])
    if kind == "log":
        return
    for (id_,) in _read(_ORPHANS.format(table=table), kind):
        found.count(counted, MISSING, kind, id_)


def _read(statement: str, *parameters: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a statement in pages, by their ids, which come first."""
    after = START
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [after, *parameters, _PAGE])
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _text_state(row: _Row) -> str:
    if not row.is_kept:
        return ALTERED
    if row.promised is None:
        return UNMOVED
    if not row.is_there:
        return MISSING
    if row.content is None and row.salt is None and row.is_erased:
        return ERASED
    if row.content is None or row.salt is None:
        return ALTERED
    is_intact = commitment(bytes(row.salt), row.content) == bytes(row.promised)
    return INTACT if is_intact else ALTERED
