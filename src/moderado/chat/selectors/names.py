"""Names that wait or were refused, for their authors and for moderators."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from moderado.accounts.models import User
from moderado.chat.models import Room
from moderado.chat.projection import name_change
from moderado.chat.types import USER_NAME, NameChange
from moderado.chat.views import Profile
from moderado.moderation.selectors import open_subject_texts

_WAITING = ("PENDING", "HELD")


def own_name(user: User) -> str:
    """Return the name of an account as its owner sees it: the latest one, also while it waits."""
    return profile_of(user).name


def profile_of(user: User) -> Profile:
    """Return an account as its owner sees it. Explanations are in the account's language."""
    changes = name_changes(subject_type=USER_NAME, subject_ids=[user.id], language=user.language)
    refresh_names([user], changes)
    return Profile(
        id=user.id,
        name=own_name_of(user, changes),
        shown_name=user.name,
        name_change=changes.get(user.id),
        email=user.email,
        language=user.language,
        is_staff=user.is_staff,
    )


def own_name_of(named: User | Room, changes: Mapping[UUID, NameChange]) -> str:
    """Return the latest name while it waits, so that its author sees what they have written.

    Args:
        named: The account or room.
        changes: What `name_changes` returned for it.
    """
    change = changes.get(named.pk)
    return change.name if change and change.status in _WAITING else named.name


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


def refresh_names(
    named: Sequence[User] | Sequence[Room], changes: Mapping[UUID, NameChange]
) -> None:
    """Read again the names that may have been approved since their rows were read.

    `name_changes` does not return an approved name, and rows that were read before it do not
    have it: their names are read once more.

    Args:
        named: Rows that were read before `changes`. Their `name` is updated.
        changes: What `name_changes` returned for them.
    """
    rows = [row for row in named if row.pk not in changes]
    if not rows:
        return
    model: type[User | Room] = rows[0].__class__  # not `type`: a lazy object has its own
    current = model._default_manager.filter(pk__in=[row.pk for row in rows])  # noqa: SLF001
    names = dict(current.values_list("pk", "name"))
    for row in rows:
        row.name = names.get(row.pk, row.name)
