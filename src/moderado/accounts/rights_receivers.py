"""Signal handlers for changes of staff rights, by whatever page, command or script."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.dispatch import receiver

from moderado.accounts.events import StaffRightsChanged
from moderado.accounts.models import User
from moderado.core.events import publish

_FLAGS = {"is_active", "is_staff", "is_superuser"}
_HOLDERS = "_moderado_holders"  # who has what is about to be taken away from all


@receiver(post_save, sender=User, dispatch_uid="moderado.changed_flags")
def on_user_saved(
    instance: User, *, created: bool, update_fields: Collection[str] | None, **_: Any
) -> None:
    if not created and (update_fields is None or _FLAGS & set(update_fields)):
        publish(StaffRightsChanged(user_ids=(instance.pk,)))


@receiver(m2m_changed, sender=User.groups.through, dispatch_uid="moderado.changed_groups")
@receiver(
    m2m_changed, sender=User.user_permissions.through, dispatch_uid="moderado.changed_permissions"
)
def on_rights_of_users_changed(
    instance: Model, *, action: str, pk_set: Collection[UUID] | None, **_: Any
) -> None:
    """Django calls this from either side: `instance` is a user, or a group or permission."""
    if action == "pre_clear":
        _remember_holders(instance)
    elif action.startswith("post_"):
        _publish(() if isinstance(instance, User) else pk_set or (), instance)


@receiver(
    m2m_changed, sender=Group.permissions.through, dispatch_uid="moderado.changed_permissions_group"
)
def on_permissions_of_group_changed(instance: Model, *, action: str, **_: Any) -> None:
    if isinstance(instance, Group) and action.startswith("post_"):
        _remember_holders(instance)
        _publish((), instance)


@receiver(pre_delete, sender=Group, dispatch_uid="moderado.group_is_deleted")
def before_group_is_deleted(instance: Group, **_: Any) -> None:
    _remember_holders(instance)


@receiver(post_delete, sender=Group, dispatch_uid="moderado.group_was_deleted")
def after_group_was_deleted(instance: Group, **_: Any) -> None:
    _publish((), instance)


def _remember_holders(instance: Model) -> None:
    holders = [instance.pk] if isinstance(instance, User) else _users_with(instance)
    setattr(instance, _HOLDERS, tuple(holders))


def _users_with(instance: Model) -> list[UUID]:
    field = "groups" if isinstance(instance, Group) else "user_permissions"
    return list(User.objects.filter(**{field: instance.pk}).values_list("pk", flat=True))


def _publish(user_ids: Collection[UUID], instance: Model) -> None:
    remembered = instance.__dict__.pop(_HOLDERS, ())
    own = (instance.pk,) if isinstance(instance, User) else ()
    if changed := {*user_ids, *remembered, *own}:
        publish(StaffRightsChanged(user_ids=tuple(changed)))
