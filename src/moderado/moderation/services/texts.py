"""Stores and erases the texts of log lines, cases and provider calls (ADR 0063).

The record keeps a salted commitment to its texts, so that the log verifies whether they are still
there or were erased.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from moderado.core.database import recordset, require_transaction, retry_on_deadlock
from moderado.moderation.commitments import canonical, commitment, new_salt
from moderado.moderation.models import BlockedText, Case, ErasableText, SubjectRevision
from moderado.moderation.services.text_moves import move_texts_of

log = structlog.get_logger(__name__)

Kind = ErasableText.Kind

Check = Callable[[], None]

BATCH = 200  # subjects whose texts are erased in one transaction
_WAITING = (SubjectRevision.Status.PENDING, SubjectRevision.Status.HELD)

TEXT_COLUMNS = {
    "id": "uuid",
    "kind": "text",
    "subject_type": "text",
    "subject_id": "uuid",
    "author_id": "uuid",
    "salt": "text",
    "content": "text",
}
# Completed by the rows to select from: `recordset("text", TEXT_COLUMNS)`.
INSERT_TEXTS = """
    INSERT INTO moderation_erasabletext
           (id, created_at, kind, subject_type, subject_id, author_id, salt, content)
    SELECT id, now(), kind, subject_type, subject_id, author_id, decode(salt, 'hex'), content FROM
"""
GIVEN_TEXTS = recordset("text", TEXT_COLUMNS)
# As `INSERT_TEXTS + GIVEN_TEXTS`, but of an author who was erased only that there was a text: the
# answer to a call may arrive after the erasure.
INSERT_LATE_TEXTS = f"""
    INSERT INTO moderation_erasabletext
           (id, created_at, kind, subject_type, subject_id, author_id, salt, content, erased_at)
    SELECT text.id, now(), kind, subject_type, subject_id,
           CASE WHEN author.erased_at IS NULL THEN author_id END,
           CASE WHEN author.erased_at IS NULL THEN decode(salt, 'hex') END,
           CASE WHEN author.erased_at IS NULL THEN content END,
           author.erased_at
      FROM {GIVEN_TEXTS} LEFT JOIN accounts_user author ON author.id = text.author_id
"""  # noqa: S608  (names from above)


class Subject(Protocol):
    """What a text is about."""

    @property
    def subject_type(self) -> str: ...
    @property
    def subject_id(self) -> UUID: ...
    @property
    def author_id(self) -> UUID | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many texts an erasure removed, by what they belonged to."""

    log: int = 0
    case: int = 0
    call: int = 0
    names: int = 0  # former texts of subjects other than messages


def text_row(kind: Kind, owner_id: UUID, subject: Subject, content: str) -> dict[str, Any]:
    """Return a row of `TEXT_COLUMNS`, and as `commitment` what its owner keeps, in hexadecimal."""
    salt = new_salt()
    return {
        "id": owner_id,
        "kind": kind.value,
        "subject_type": subject.subject_type,
        "subject_id": subject.subject_id,
        "author_id": subject.author_id,
        "salt": salt.hex(),
        "content": content,
        "commitment": commitment(salt, content).hex(),
    }


def put_text(kind: Kind, owner_id: UUID, subject: Subject, content: Mapping[str, Any]) -> bytes:
    """Store the texts of a record in place of any earlier ones. Requires a transaction.

    Returns:
        The commitment for the record to keep.
    """
    require_transaction()
    written, salt = canonical(content), new_salt()
    row = ErasableText(
        id=owner_id,
        kind=kind,
        subject_type=subject.subject_type,
        subject_id=subject.subject_id,
        author_id=subject.author_id,
        salt=salt,
        content=written,
    )
    ErasableText.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["salt", "content", "erased_at"],
    )
    return commitment(salt, written)


def _no_check() -> None:
    """Let each batch be erased."""


def erase_texts(
    *,
    subject_ids: Iterable[UUID] = (),
    author_id: UUID | None = None,
    kept: Collection[UUID] = (),
    check: Check = _no_check,
) -> Erased:
    """Erase what moderation stored of texts, notes on them and answers about them, for ever.

    Decisions, numbers and places stay, and the log still verifies. Idempotent: an interrupted
    erasure is repeated. Each batch is a transaction of its own. Delete the subjects first: a
    verdict on a text that still waits stores it again.

    Of names and other subjects, the texts that are shown or wait are left to their owner.

    Args:
        subject_ids: Messages and other subjects.
        author_id: An account: all that it wrote, as far as moderation knows the author, and the
            digests of its blocked texts. Log lines and calls of older releases name no author:
            give their subjects, too.
        kept: Subjects of `author_id` that a legal hold keeps.
        check: Called first in each transaction; what it raises ends the erasure there.
    """
    total = {kind.value: 0 for kind in Kind} | {"names": 0}
    for batch in _batches(subject_ids, author_id, kept):
        for name, count in _erase(batch, check).items():
            total[name] += count
    if author_id is not None:
        BlockedText.objects.filter(author_id=author_id).delete()
    log.info("texts_erased", **total)
    return Erased(**total)


def _batches(
    subject_ids: Iterable[UUID], author_id: UUID | None, kept: Collection[UUID]
) -> Iterator[Sequence[UUID]]:
    wanted = iter(subject_ids)
    while batch := list(islice(wanted, BATCH)):
        yield batch
    if author_id is None:
        return
    for rows in (
        ErasableText.objects.filter(author_id=author_id),
        Case.objects.filter(author_id=author_id),
        SubjectRevision.objects.filter(author_id=author_id),
    ):
        yield from _subjects(rows.exclude(subject_id__in=kept))


def _subjects(rows: "QuerySet[Any]") -> Iterator[Sequence[UUID]]:
    """Yield the subjects of rows in batches; each is read after the one before was erased."""
    after = UUID(int=0)
    while True:
        found = rows.filter(subject_id__gt=after).order_by("subject_id")
        batch = list(found.values_list("subject_id", flat=True).distinct()[:BATCH])
        if not batch:
            return
        yield batch
        after = batch[-1]


@retry_on_deadlock
@transaction.atomic
def _erase(subject_ids: Collection[UUID], check: Check) -> dict[str, int]:
    check()
    move_texts_of(subject_ids)
    rows = ErasableText.objects.filter(subject_id__in=subject_ids, content__isnull=False)
    found = list(
        rows.select_for_update(of=("self",), no_key=True).order_by("id").values_list("id", "kind")
    )
    counted = {kind.value: sum(each == kind for _, each in found) for kind in Kind}
    ErasableText.objects.filter(pk__in=[id_ for id_, _ in found]).update(
        salt=None, content=None, author_id=None, erased_at=Now()
    )
    return counted | {"names": _erase_former_names(subject_ids)}


def _erase_former_names(subject_ids: Collection[UUID]) -> int:
    rows = SubjectRevision.objects.filter(subject_id__in=subject_ids).exclude(text="")
    shown: dict[tuple[str, UUID], int] = {}
    approved = rows.filter(status=SubjectRevision.Status.APPROVED).order_by("revision")
    for kind, subject_id, revision in approved.values_list(
        "subject_type", "subject_id", "revision"
    ):
        shown[kind, subject_id] = revision
    former = [
        row.pk
        for row in rows.exclude(status__in=_WAITING).defer("text")
        if shown.get((row.subject_type, row.subject_id)) != row.revision
    ]
    return SubjectRevision.objects.filter(pk__in=former).update(text="")
