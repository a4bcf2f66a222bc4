"""Names that wait or were refused, for their authors and for moderators."""

from collections.abc import Collection
from uuid import UUID

from moderado.chat.projection import name_change
from moderado.chat.types import NameChange
from moderado.moderation.selectors import open_subject_texts


def name_changes(
    *, subject_type: str, subject_ids: Collection[UUID], language: str
) -> dict[UUID, NameChange]:
    """Return the latest name of each subject that waits or was refused, by id.

    Subjects whose latest name others see are absent.

    Args:
        subject_type: `USER_NAME` or `ROOM_NAME`.
        subject_ids: The accounts or rooms.
        language: The language of the explanations.
    """
    return {
        found.subject_id: name_change(
            name=found.text,
            revision=found.revision,
            status=found.status,
            reason=found.reason,
            categories=found.categories,
            language=language,
        )
        for found in open_subject_texts(subject_type=subject_type, subject_ids=subject_ids)
    }
