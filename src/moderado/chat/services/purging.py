"""Removes an author's messages since a moment, and brings them back (ADR 0084).

A worker carries a purge out in slices, under a lease with a fence. Each batch is one transaction:
messages, log, audit and the cursor are stored together, so that it can be interrupted anywhere.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from msgspec.structs import replace

from moderado.accounts.rights import PURGE_MESSAGES
from moderado.chat.models import Message, Revision
from moderado.chat.services.notices import announce, announce_shown
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.purge_requests import messages_to_purge, outranked
from moderado.chat.services.transitions import SUBJECT, advance, state_of
from moderado.chat.states import Deleted, Phase, Restored, Transition
from moderado.core import clock, failpoints
from moderado.core.database import is_settled, retry_on_deadlock
from moderado.core.slices import steps_of_slice
from moderado.enforcement.models import Purge
from moderado.enforcement.services import purged_messages, purges
from moderado.enforcement.services.standing import standing_actor
from moderado.moderation.help_lines import recategorized
from moderado.moderation.services.closing import open_cases_of, reopen_cases
from moderado.moderation.services.hash_bank import banked_among
from moderado.moderation.services.sweeping import PURGED, RESTORED, log_sweep
from moderado.moderation.types import Category, Content, Reason

has_work = purges.has_work

BATCH = 100  # messages of one transaction
LATEST = timedelta(seconds=60)  # no statement that stores a message takes so long


def run_slice() -> bool:
    """Run one slice of the oldest purge or reversal that waits.

    Returns:
        Whether a slice was run: then there may be more to do.
    """
    purge = purges.claim_purge()
    if purge is None:
        return False
    step = _remove_batch if purge.state == Purge.State.RUNNING else _restore_batch
    for _ in steps_of_slice():
        if not step(purge):
            return True
    purges.end_lease(purge)
    return True


@retry_on_deadlock
@transaction.atomic
def _remove_batch(leased: Purge) -> bool:
    """Remove the next messages; return whether there may be more."""
    purge = purges.lock_purge(leased)
    if purge is None:
        return False
    actor = standing_actor(
        user_id=purge.actor_id, permission=PURGE_MESSAGES, scope_ids=purge.scope_ids
    )
    if actor is not None and actor.scope_ids is not None:
        actor = replace(actor, scope_ids=outranked(actor, purge.user_id))
    if actor is None:
        purges.save_progress(purge, state=Purge.State.STOPPED)
        return False
    found = messages_to_purge(actor, purge.user_id, purge.since, purge.created_at, purge.scope_id)
    steps = _remove(purge, list(_locked(found)[:BATCH]))
    purge.removed += len(steps)
    has_more = len(steps) == BATCH
    is_over = not has_more and _is_settled(purge)
    purges.save_progress(purge, state=Purge.State.DONE if is_over else None)
    if not has_more and not is_over:
        purges.pause(purge)
    _store(steps)
    failpoints.reach("purge.before_commit")
    return has_more


def _is_settled(purge: Purge) -> bool:
    """Tell whether a message from before the purge can still be committed."""
    return purge.created_at < clock.now() - LATEST or is_settled(purge.created_at)


def _remove(purge: Purge, messages: Sequence[Message]) -> list[tuple[Message, Transition]]:
    cases = open_cases_of(subject_type=SUBJECT, subject_ids=[each.pk for each in messages])
    befores: dict[UUID, dict[str, Any]] = {}
    steps = []
    category = purge.reason if purge.reason in set(Category) else ""
    for message in messages:
        befores[message.pk] = _before(message) | {"cases": cases.get(message.pk, [])}
        step = advance(message, Deleted(), sweep_id=purge.pk, ends_reports=True)
        steps.append((message, step))
        message.reason = Reason.REMOVED
        message.categories = recategorized(message.categories, category)
    _account(purge, messages, PURGED)
    purged_messages.note_messages(purge, action="message_purged", befores=befores)
    return steps


@retry_on_deadlock
@transaction.atomic
def _restore_batch(leased: Purge) -> bool:
    """Bring the next messages back; return whether there may be more."""
    purge = purges.lock_purge(leased)
    if purge is None:
        return False
    actor_id = purge.reversed_by_id or purge.actor_id
    purged = purged_messages.purged_messages(purge, limit=BATCH)
    befores = {each.message_id: each.before for each in purged}
    found = Message.objects.filter(
        pk__in=befores, status=Message.Status.REMOVED, reason=Reason.REMOVED
    )
    # What was erased since has no text: it stays away.
    locked = list(_locked(found.exclude(text="").filter(room__deleted_at=None)))
    standing = purged_messages.still_purged(purge, [each.pk for each in locked])
    ordered_away = banked_among({each.text for each in locked})
    removed = [message for message in locked if message.pk in standing]
    messages = [message for message in removed if message.text not in ordered_away]
    steps = [(message, _restore(message, befores[message.pk])) for message in messages]
    _account(purge, messages, RESTORED, actor_id=actor_id)
    restored = {message.pk: befores[message.pk] for message in messages}
    purged_messages.note_messages(purge, action="message_restored", befores=restored)
    reopen_cases(case_ids=[case for each in restored.values() for case in each["cases"]])
    purge.after_id = purged[-1].message_id if purged else purge.after_id
    purge.restored += len(messages)
    is_over = len(purged) < BATCH
    purges.save_progress(purge, state=Purge.State.REVERSED if is_over else None)
    _store(steps)
    failpoints.reach("purge.before_commit")
    return not is_over


def _restore(message: Message, before: dict[str, Any]) -> Transition:
    edit, edit_revision = before["edit"], before["edit_revision"]
    if edit is not None:
        kept = Revision.objects.filter(message=message, revision=edit_revision)
        if not kept.exclude(text="").exists():
            edit, edit_revision = None, 0
    happened = Restored(
        Phase(before["phase"]), None if edit is None else Phase(edit), edit_revision
    )
    step = advance(message, happened)
    message.reason, message.categories = before["reason"], before["categories"]
    if edit is not None:
        message.edit_reason = before["edit_reason"]
        message.edit_categories = before["edit_categories"]
    return step


def _before(message: Message) -> dict[str, Any]:
    state = state_of(message)
    return {
        "phase": state.phase,
        "edit": state.edit,
        "edit_revision": state.edit_revision,
        "reason": message.reason,
        "categories": message.categories,
        "edit_reason": message.edit_reason,
        "edit_categories": message.edit_categories,
    }


def _store(steps: Sequence[tuple[Message, Transition]]) -> None:
    if steps:
        write([Changed(message, step.change) for message, step in steps])
    for message, step in steps:
        announce(message, step)
        announce_shown(message, step)


def _account(
    purge: Purge, messages: Sequence[Message], step: str, *, actor_id: UUID | None = None
) -> None:
    contents = [
        Content(
            subject_type=SUBJECT,
            subject_id=message.id,
            revision=message.revision,
            text="",
            scope_id=message.room_id,
            author_id=message.author_id,
        )
        for message in messages
    ]
    log_sweep(contents, step=step, actor_id=actor_id or purge.actor_id, sweep_id=purge.pk)


def _locked(found: QuerySet[Message]) -> QuerySet[Message]:
    locked = found.select_for_update(of=("self",), no_key=True).select_related("author", "room")
    return locked.order_by("id")
