"""Names that wait or were refused, for their authors and for moderators."""

from collections.abc import Collection
from uuid import UUID

from moderado.accounts.models import User
from moderado.chat.projection import name_change
from moderado.chat.types import USER_NAME, NameChange
from moderado.moderation.selectors import open_subject_texts

_WAITING = ("PENDING", "HELD")


def own_name(user: User) -> str:
    """Return the name of an account as its owner sees it: the latest one, also while it waits."""
    changes = name_changes(subject_type=USER_NAME, subject_ids=[user.id], language=user.language)
    change = changes.get(user.id)
    return change.name if change and change.status in _WAITING else user.name


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
