"""Erase the messages of an account: tombstones for their rooms, and no text anywhere (ADR 0079).

The lifecycle removes each message, so that the change feed of its room has each removal in order.
Rows, decisions and numbers stay.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.chat.models import Message, Revision
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.transitions import advance
from moderado.chat.states import Deleted
from moderado.chat.types import MESSAGE
from moderado.core import failpoints
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.enforcement.services.holds import block_new_holds, held_messages, is_user_held
from moderado.moderation.services.closing import close_cases_of_erased
from moderado.moderation.services.texts import erase_texts

BATCH = 100  # messages of one transaction

_REMOVED = Message.Status.REMOVED
_NOTHING = b""


def count_messages(*, author_id: UUID) -> int:
    """Return how many messages an account has, erased ones included."""
    return Message.objects.filter(author_id=author_id).count()


@retry_on_deadlock
@transaction.atomic
def erase_batch(*, author_id: UUID, sweep_id: UUID, limit: int = BATCH) -> tuple[int, int]:
    """Remove and erase messages that are left of an account. Idempotent.

    What a legal hold keeps is removed from its room, and keeps its text.

    Args:
        author_id: The account.
        sweep_id: Marks the tombstones as those of one erasure.
        limit: The maximum number of messages.

    Returns:
        How many were found, fewer than `limit` if none is left; and how many a hold keeps in all.
    """
    block_new_holds()
    kept = held_messages(author_id)
    is_held = is_user_held(author_id)
    rows = _left(author_id, kept, is_held=is_held)
    locked = rows.select_for_update(of=("self",), no_key=True).select_related("author", "room")
    messages = list(locked.order_by("id")[:limit])
    changes = remove(messages, sweep_id=sweep_id)
    if not is_held:
        free = [message for message in messages if message.pk not in kept]
        erase(free, is_forgotten=True)
    if changes:
        write(changes)
    failpoints.reach("erasure.before_commit")
    return len(messages), count_messages(author_id=author_id) if is_held else len(kept)


def _left(author_id: UUID, kept: Collection[UUID], *, is_held: bool) -> QuerySet[Message]:
    theirs = Message.objects.filter(author_id=author_id)
    is_shown = ~Q(status=_REMOVED)
    if is_held:
        return theirs.filter(is_shown)
    revisions = Revision.objects.filter(message=OuterRef("pk")).exclude(text="")
    has_text = (
        ~Q(text="")
        | Q(edit_text__isnull=False)
        | Q(client_id__isnull=False)
        | ~Q(first_hash=_NOTHING)
        | Exists(revisions)
    )
    return theirs.filter(is_shown | (has_text & ~Q(pk__in=kept)))


def remove(messages: Sequence[Message], *, sweep_id: UUID) -> list[Changed]:
    """Advance locked messages that are not removed yet; return what is to be written.

    Requires a transaction.

    Args:
        messages: The messages.
        sweep_id: Marks the tombstones as those of one erasure.
    """
    require_transaction()
    changes = []
    for message in messages:
        step = advance(message, Deleted(), sweep_id=sweep_id)
        if step.is_applied:
            changes.append(Changed(message, step.change))
    return changes


def erase(messages: Sequence[Message], *, is_forgotten: bool = False) -> None:
    """Empty locked rows, their revisions, and all that moderation stored about them.

    Requires a transaction.

    Args:
        messages: The messages; the caller writes those that it changed.
        is_forgotten: Erase also by what a repeat of the message is recognized.
    """
    require_transaction()
    ids = [message.pk for message in messages]
    if not ids:
        return
    for message in messages:  # `write` stores the columns of those that it changes
        message.text, message.edit_text = "", None
    rows = Message.objects.filter(pk__in=ids)
    rows.update(text="", edit_text=None)
    if is_forgotten:
        rows.update(client_id=None, first_hash=_NOTHING)
    Revision.objects.filter(message__in=ids).exclude(text="").update(text="")
    close_cases_of_erased(subject_type=MESSAGE, subject_ids=ids)
    erase_texts(subject_ids=ids)
