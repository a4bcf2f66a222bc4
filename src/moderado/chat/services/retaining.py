"""Carries a run of the retention out: erases what is older than the settings allow (ADR 0080).

Messages leave their rooms by the lifecycle, as if they were deleted, so that the change feed has
each removal in order. A run works in slices, and continues where it stopped.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from moderado.chat.models import Message, Revision
from moderado.chat.services.erased_messages import erase, remove
from moderado.chat.services.publication import write
from moderado.core.database import retry_on_deadlock
from moderado.core.ids import first_id
from moderado.core.row_by_row import row_by_row
from moderado.core.slices import steps_of_slice
from moderado.enforcement.models import RetentionRun
from moderado.enforcement.services import retention
from moderado.enforcement.services.holds import held_among, keep_holds

BATCH = 100  # messages of one transaction

Status = Message.Status
Erased = tuple[int, UUID | None]  # how many, and after which row to continue
Step = Callable[[RetentionRun, datetime], Erased]


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
        kind = retention.KINDS[run.kind]
        after: UUID | None = None
        if kind in run.cutoffs:
            before = datetime.fromisoformat(run.cutoffs[kind])
            step = partial(_STEPS[kind], run)
            # What fails waits for the run of the next day, and the other kinds do not.
            for count, last in row_by_row("run_retention", [before], step):
                run.counts[kind] = run.counts.get(kind, 0) + count
                after = last
        run.after = after
        run.kind += after is None
    retention.save_run(run, is_over=run.kind == len(retention.KINDS))
    return True


def has_work() -> bool:
    """Tell whether a run is open."""
    return retention.RetentionRun.objects.filter(ended_at=None).exists()


def _old_messages(run: RetentionRun, before: datetime) -> Erased:
    return _erase_batch(Message.objects.filter(id__lt=first_id(before)), run)


def _refused_messages(run: RetentionRun, before: datetime) -> Erased:
    """Erase refused messages, and refused edits of those that are shown."""
    if run.after is None:
        _erase_refused_edits(before)
    refused = Message.objects.filter(id__lt=first_id(before), status=Status.REJECTED)
    return _erase_batch(refused, run)


def _case_texts(run: RetentionRun, before: datetime) -> Erased:
    return retention.erase_case_texts(before=before, after=run.after)


def _shadow_results(run: RetentionRun, before: datetime) -> Erased:
    return retention.delete_shadow_results(before=before, after=run.after)


def _suggestions(run: RetentionRun, before: datetime) -> Erased:
    return retention.delete_suggestions(before=before, after=run.after)


def _answers(run: RetentionRun, before: datetime) -> Erased:
    return retention.erase_answers(before=before, after=run.after)


@retry_on_deadlock
@transaction.atomic
def _erase_batch(rows: QuerySet[Message], run: RetentionRun) -> Erased:
    keep_holds()
    has_text = ~Q(text="") | Q(edit_text__isnull=False) | ~Q(status=Status.REMOVED)
    rows = rows.filter(has_text)
    if run.after is not None:
        rows = rows.filter(id__gt=run.after)
    locked = rows.select_for_update(of=("self",), no_key=True).select_related("author", "room")
    messages = list(locked.order_by("id")[:BATCH])
    kept = _kept({message.pk: message.author_id for message in messages})
    free = [message for message in messages if message.pk not in kept]
    changes = remove(free, sweep_id=run.pk)
    erase(free)
    if changes:
        write(changes)
    return len(free), messages[-1].pk if len(messages) == BATCH else None


@transaction.atomic
def _erase_refused_edits(before: datetime) -> None:
    """Erase refused edits that were replaced, and those that still stand beside a shown text."""
    keep_holds()
    old = Revision.objects.filter(status=Status.REJECTED, id__lt=first_id(before)).exclude(text="")
    found = dict(old.values_list("message_id", "message__author_id"))
    old.exclude(message__in=_kept(found)).update(text="")
    # A message may be older than its edit: the verdict has the time.
    is_old = retention.was_judged(before=before, revision="edit_revision")
    beside = Message.objects.filter(is_old, id__lt=first_id(before), edit_status=Status.REJECTED)
    beside = beside.exclude(edit_text="")
    authors = dict(beside.values_list("pk", "author_id"))
    beside.exclude(pk__in=_kept(authors)).update(edit_text="")


def _kept(authors: Mapping[UUID, UUID]) -> frozenset[UUID]:
    """Return those messages that a legal hold keeps, or about which an appeal waits."""
    return held_among(authors) | retention.appealed_among(authors.keys())


_STEPS: dict[str, Step] = {
    retention.MESSAGES: _old_messages,
    retention.REJECTED: _refused_messages,
    retention.CASES: _case_texts,
    retention.ANSWERS: _answers,
    retention.SHADOWS: _shadow_results,
    retention.SUGGESTIONS: _suggestions,
}
