"""Carries a run of the retention out: erases what is older than the settings allow (ADR 0080).

Messages leave their rooms by the lifecycle, as if they were deleted, so that the change feed has
each removal in order. A run works in slices, and continues where it stopped. What cannot be erased
is left to the run of the next day, and stops nothing behind it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from moderado.chat.models import Message, Revision
from moderado.chat.services.erased_messages import erase, remove
from moderado.chat.services.publication import write
from moderado.core.database import retry_on_deadlock
from moderado.core.ids import first_id
from moderado.core.row_by_row import all_or_each, row_by_row
from moderado.core.slices import steps_of_slice
from moderado.enforcement.models import RetentionRun
from moderado.enforcement.services import retention
from moderado.enforcement.services.holds import block_new_holds, held_among
from moderado.enforcement.services.retained_words import WITHOUT_CASE, ExpiredWords

BATCH = 100  # messages of one transaction

Status = Message.Status

_TASK = "run_retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """How texts of one table are found, batch by batch, and erased."""

    find: Callable[[datetime, UUID | None], list[UUID]]
    erase: Callable[[RetentionRun, datetime, Sequence[UUID]], int]


def run_slice() -> bool:
    """Run one slice of the open run.

    Returns:
        Whether a slice was run: then there may be more to do.
    """
    run = retention.claim_run()
    if run is None:
        return False
    for _ in steps_of_slice():
        if run.kind == len(retention.KINDS):
            break
        _take_step(run, retention.KINDS[run.kind])
    retention.save_run(run, is_over=run.kind == len(retention.KINDS))
    return True


def _take_step(run: RetentionRun, name: str) -> None:
    """Erase one batch, or go on to the next part or kind of texts."""
    parts = _KINDS[name] if name in run.cutoffs else ()
    after: UUID | None = None
    if run.part < len(parts):
        before = datetime.fromisoformat(run.cutoffs[name])
        run.counts.setdefault(name, 0)
        batches = row_by_row(_TASK, [before], partial(_erase_batch, run, parts[run.part]))
        for count, last in batches:
            run.counts[name] += count
            after = last
    run.after = after
    run.part += after is None
    if run.part >= len(parts):
        run.kind, run.part = run.kind + 1, 0


def _erase_batch(run: RetentionRun, part: _Part, before: datetime) -> tuple[int, UUID | None]:
    """Erase one batch; return how much, and its last row. None: nothing is left."""
    ids = part.find(before, run.after)
    if not ids:
        return 0, None
    return all_or_each(_TASK, ids, partial(part.erase, run, before)), ids[-1]


def has_work() -> bool:
    """Tell whether a run is open."""
    return retention.RetentionRun.objects.filter(ended_at=None).exists()


def _old_messages(before: datetime) -> QuerySet[Message]:
    has_text = ~Q(text="") | Q(edit_text__isnull=False) | ~Q(status=Status.REMOVED)
    return Message.objects.filter(has_text, id__lt=first_id(before))


def _refused_messages(before: datetime) -> QuerySet[Message]:
    return _old_messages(before).filter(status=Status.REJECTED)


def _batch(rows: QuerySet[Any], after: UUID | None) -> list[UUID]:
    found = rows if after is None else rows.filter(id__gt=after)
    return list(found.order_by("id").values_list("id", flat=True)[:BATCH])


@retry_on_deadlock
@transaction.atomic
def _erase_messages(rows: QuerySet[Message], run: RetentionRun, ids: Sequence[UUID]) -> int:
    block_new_holds()
    locked = rows.filter(pk__in=ids).select_for_update(of=("self",), no_key=True)
    messages = list(locked.select_related("author", "room").order_by("id"))
    kept = _kept({message.pk: message.author_id for message in messages})
    free = [message for message in messages if message.pk not in kept]
    changes = remove(free, sweep_id=run.pk)
    erase(free)
    if changes:
        write(changes)
    return len(free)


def _replaced_edits(before: datetime) -> QuerySet[Revision]:
    replaced = Revision.objects.filter(status=Status.REJECTED, id__lt=first_id(before))
    return replaced.exclude(text="")


def _edits_beside(before: datetime) -> QuerySet[Message]:
    """Return the messages beside whose shown text a refused edit stands."""
    # A message may be older than its edit: the verdict has the time.
    is_old = retention.was_judged(before=before, revision="edit_revision")
    beside = Message.objects.filter(is_old, id__lt=first_id(before), edit_status=Status.REJECTED)
    return beside.exclude(edit_text="")


@retry_on_deadlock
@transaction.atomic
def _erase_edits(
    rows: QuerySet[Any], column: str, ids: Sequence[UUID], *, message: str, author: str
) -> int:
    """Empty a column with refused edits. They count as no messages."""
    block_new_holds()
    found = rows.filter(pk__in=ids)
    kept = _kept(dict(found.values_list(message, author)))
    found.exclude(**{f"{message}__in": kept}).update(**{column: ""})
    return 0


def _kept(authors: Mapping[UUID, UUID]) -> frozenset[UUID]:
    """Return those messages that a legal hold keeps, or about which an appeal waits."""
    return held_among(authors) | retention.appealed_among(authors.keys())


def _words_part(words: ExpiredWords) -> _Part:
    return _Part(
        find=partial(retention.expired_words, words),
        erase=lambda _, before, ids: retention.erase_expired_words(words, ids, before=before),
    )


_KINDS: Mapping[str, Sequence[_Part]] = {
    retention.MESSAGES: (
        _Part(
            find=lambda before, after: _batch(_old_messages(before), after),
            erase=lambda run, before, ids: _erase_messages(_old_messages(before), run, ids),
        ),
    ),
    retention.REJECTED: (
        _Part(
            find=lambda before, after: _batch(_replaced_edits(before), after),
            erase=lambda _, before, ids: _erase_edits(
                _replaced_edits(before), "text", ids, message="message_id", author="message__author"
            ),
        ),
        _Part(
            find=lambda before, after: _batch(_edits_beside(before), after),
            erase=lambda _, before, ids: _erase_edits(
                _edits_beside(before), "edit_text", ids, message="pk", author="author"
            ),
        ),
        _Part(
            find=lambda before, after: _batch(_refused_messages(before), after),
            erase=lambda run, before, ids: _erase_messages(_refused_messages(before), run, ids),
        ),
    ),
    retention.CASES: (
        *map(_words_part, WITHOUT_CASE),
        _Part(
            find=retention.ended_cases,
            erase=lambda _, before, ids: retention.erase_case_texts(ids, before=before),
        ),
    ),
    retention.ANSWERS: (
        _Part(find=retention.old_answers, erase=lambda _, __, ids: retention.erase_answers(ids)),
    ),
    retention.SHADOWS: (
        _Part(
            find=retention.old_shadow_results,
            erase=lambda _, __, ids: retention.delete_shadow_results(ids),
        ),
    ),
    retention.SUGGESTIONS: (
        _Part(
            find=retention.old_suggestions,
            erase=lambda _, __, ids: retention.delete_suggestions(ids),
        ),
    ),
}
