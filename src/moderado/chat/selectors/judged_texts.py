"""The texts of messages as they were judged, for moderation to compare policies."""

from collections.abc import Collection, Mapping
from uuid import UUID

from moderado.chat.models import Message

_COLUMNS = ("id", "revision", "text", "edit_revision", "edit_text")


def judged_texts(revisions: Collection[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], str]:
    """Return the texts of these revisions of messages. Edited and erased ones are left out."""
    messages = Message.objects.filter(pk__in={message_id for message_id, _ in revisions})
    found: dict[tuple[UUID, int], str] = {}
    for message_id, revision, text, edit_revision, edit_text in messages.values_list(*_COLUMNS):
        found[message_id, revision] = text
        if edit_revision is not None:
            found[message_id, edit_revision] = edit_text or ""
    return {key: text for key, text in found.items() if text and key in revisions}
