"""Repeat to an author who reads a private room again what changed meanwhile: see ADR 0071."""

from uuid import UUID

from django.db.models import F, Q

from moderado.chat.models import Message
from moderado.core.database import require_transaction

Status = Message.Status


def repeat_own_changes(*, room_id: UUID, author_id: UUID) -> None:
    """Make `sync_me` return the author's messages that have a part which only the author sees.

    The room's own `sync` returns all others. Requires a transaction that holds the room's lock. So
    this waits for no message: one that is locked is about to change, and returned for that.
    """
    require_transaction()
    never_public = Q(seq=0) & ~Q(status=Status.APPROVED)
    own = Message.objects.filter(
        never_public | Q(edit_status__isnull=False), author=author_id, room=room_id
    )
    free = own.select_for_update(of=("self",), skip_locked=True, no_key=True)
    ids = list(free.values_list("id", flat=True))
    if ids:
        # A trigger stamps each update of this column, also with an equal value (migration 0005).
        Message.objects.filter(pk__in=ids).update(position=F("position"))
