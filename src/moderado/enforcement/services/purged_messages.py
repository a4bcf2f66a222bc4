"""The messages that a purge has removed, each with its state before and its audit lines."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from moderado.core.database import require_transaction
from moderado.enforcement.models import AuditLine, Purge, PurgedMessage


def note_messages(purge: Purge, *, action: str, befores: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Account for messages that were removed or brought back: an audit line each.

    Requires a transaction.

    Args:
        purge: The purge.
        action: `message_purged` or `message_restored`.
        befores: The state before the removal, by message.
    """
    require_transaction()
    actor_id = purge.actor_id if action == "message_purged" else purge.reversed_by_id
    AuditLine.objects.bulk_create(
        AuditLine(
            actor_id=actor_id,
            action=action,
            subject_type="message",
            subject_id=message_id,
            details={"purge": str(purge.pk), "user": str(purge.user_id)},
        )
        for message_id in befores
    )
    if action == "message_purged":
        PurgedMessage.objects.bulk_create(
            PurgedMessage(purge=purge, message_id=message_id, before=before)
            for message_id, before in befores.items()
        )


def purged_messages(purge: Purge, *, limit: int) -> list[PurgedMessage]:
    """Return the next messages to bring back."""
    found = PurgedMessage.objects.filter(purge=purge)
    if purge.after_id is not None:
        found = found.filter(message_id__gt=purge.after_id)
    return list(found.order_by("message_id")[:limit])


def still_purged(purge: Purge, message_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of locked messages that their author has not deleted, too."""
    found = PurgedMessage.objects.filter(purge=purge, message_id__in=message_ids)
    return frozenset(found.values_list("message_id", flat=True))


def keep_removed(*, message_id: UUID) -> None:
    """Let no reversal bring a message back: its author has deleted it, too.

    Requires the lock of the message.
    """
    require_transaction()
    PurgedMessage.objects.filter(message_id=message_id).delete()
