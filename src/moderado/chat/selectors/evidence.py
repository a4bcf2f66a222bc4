"""What is preserved of a message: its texts, its metadata, its author and its room."""

from typing import Any
from uuid import UUID

from moderado.chat.models import Message, Revision
from moderado.chat.types import MESSAGE
from moderado.enforcement.services.evidence_sources import Preserved, account_rows

_COLUMNS = (
    "id", "room_id", "author_id", "client_id", "text", "revision", "status", "reason",
    "categories", "position", "seq", "reply_to_id", "created_at", "edited_at", "published_at",
    "edit_text", "edit_revision", "edit_status", "edit_reason", "edit_categories",
)  # fmt: skip


def evidence_of_message(message_id: UUID) -> Preserved | None:
    """Return a message with all that is stored about it; None if there is none."""
    message = Message.objects.select_related("author", "room").filter(pk=message_id).first()
    if message is None:
        return None
    kept = Revision.objects.filter(message=message_id).order_by("revision")
    revisions = list(kept.values("revision", "text", "status", "created_at"))
    texts = {each["revision"]: each["text"] for each in revisions}
    if message.edit_revision is not None:
        texts[message.edit_revision] = message.edit_text or ""
    rows: dict[str, Any] = {
        "message": {name: getattr(message, name) for name in _COLUMNS},
        "earlier_revisions": revisions,
        "author": account_rows(message.author),
        "room": {
            "id": message.room.id,
            "name": message.room.name,
            "is_private": message.room.is_private,
            "created_at": message.room.created_at,
        },
    }
    return Preserved(
        author_id=message.author_id,
        rows=rows,
        text=message.text,
        texts={**texts, message.revision: message.text},
        holds=(MESSAGE, message.id),
    )
