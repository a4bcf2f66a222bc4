"""Operators create, change and delete queues of cases."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from moderado.core.errors import Invalid, NotFound
from moderado.core.text import clean_line
from moderado.enforcement.errors import QueueExists
from moderado.enforcement.models import Queue
from moderado.enforcement.services.audit import write_line

log = structlog.get_logger(__name__)

NAME_LENGTH = 64


def save_queue(
    *, actor_id: UUID, queue_id: UUID | None, groups: Collection[str] | None, **fields: Any
) -> Queue:
    """Create a queue, or change the given fields of one.

    Args:
        actor_id: The operator.
        queue_id: None for a new queue.
        groups: Names of the groups with access; empty for every moderator, None for no change.
        fields: Of `Queue`: `name`, `position`, `filter`, `measures`, `target_seconds`.

    Raises:
        NotFound: There is no such queue.
        Invalid: The name, or an unknown group.
        QueueExists: Another queue has the name.
    """
    if "name" in fields:
        fields["name"] = clean_line(fields["name"], max_length=NAME_LENGTH, field="name")
    try:
        queue = _save(actor_id, queue_id, groups, fields)
    except IntegrityError:
        raise QueueExists from None
    log.info("queue_saved", queue_id=str(queue.pk), actor_id=str(actor_id))
    return queue


@transaction.atomic
def delete_queue(*, actor_id: UUID, queue_id: UUID) -> None:
    """Delete a queue. Its cases belong to the next one that they match.

    Raises:
        NotFound: There is no such queue.
    """
    deleted, _rows = Queue.objects.filter(pk=queue_id).delete()
    if not deleted:
        raise NotFound
    _audit(actor_id, "queue_deleted", queue_id)
    log.info("queue_deleted", queue_id=str(queue_id), actor_id=str(actor_id))


@transaction.atomic
def _save(
    actor_id: UUID,
    queue_id: UUID | None,
    groups: Collection[str] | None,
    fields: Mapping[str, Any],
) -> Queue:
    if queue_id is None:
        queue = Queue.objects.create(**fields)
    else:
        queue = _locked(queue_id)
        for name, value in fields.items():
            setattr(queue, name, value)
        queue.save(update_fields=list(fields))
    if groups is not None:
        found = Group.objects.filter(name__in=groups)
        if found.count() != len(set(groups)):
            raise Invalid(fields={"groups": _("There is no such group.")})
        queue.groups.set(found)
    changed = sorted({*fields, *(() if groups is None else ("groups",))})
    action = "queue_created" if queue_id is None else "queue_changed"
    _audit(actor_id, action, queue.pk, fields=changed)
    return queue


def _locked(queue_id: UUID) -> Queue:
    """Lock a queue: a simultaneous change keeps its fields, and no deleted one comes back."""
    queue = Queue.objects.select_for_update(no_key=True).filter(pk=queue_id).first()
    if queue is None:
        raise NotFound
    return queue


def _audit(actor_id: UUID, action: str, queue_id: UUID, **details: Any) -> None:
    write_line(
        actor_id=actor_id, action=action, subject_type="queue", subject_id=queue_id, **details
    )
