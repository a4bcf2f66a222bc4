"""Exports of an account's data: requested, queued, stored in parts, and deleted when they expire.

`chat.services.exporting` writes the parts: it stands above all that an account has.
"""

import zlib
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from moderado.core.errors import NotFound
from moderado.core.events import publish
from moderado.enforcement.errors import ExportNotReady
from moderado.enforcement.events import ExportQueued
from moderado.enforcement.models import Export as Export
from moderado.enforcement.models import ExportPart

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=35)  # longer than a task may run

State = Export.State
_OPEN = (State.QUEUED, State.RUNNING)


@transaction.atomic
def request_export(*, user_id: UUID) -> Export:
    """Have the data of an account exported. While one is being prepared, return that one."""
    export, is_new = Export.objects.filter(state__in=_OPEN).get_or_create(user_id=user_id)
    if is_new:
        _expire(Export.objects.filter(user_id=user_id, state=State.READY))
        publish(ExportQueued(export_id=export.id))
        log.info("export_requested", user_id=str(user_id))
    return export


def get_export(*, user_id: UUID, export_id: UUID) -> Export:
    """Return an export of the account. Raises NotFound."""
    found = Export.objects.filter(pk=export_id, user_id=user_id).first()
    if found is None:
        raise NotFound
    return found


def ready_export(*, user_id: UUID, export_id: UUID) -> Export:
    """Return an export that can be downloaded.

    Raises:
        NotFound: The account has none such.
        ExportNotReady: It is being prepared, or has expired.
    """
    export = get_export(user_id=user_id, export_id=export_id)
    if export.state != State.READY:
        raise ExportNotReady
    return export


def read_part(*, export_id: UUID, number: int) -> tuple[str, bytes] | None:
    """Return the name and the content of a part of a ready export; None after the last one.

    Raises:
        ExportNotReady: The export has ended since its download began. Without this error, the
            parts that were read would look like the whole.
    """
    export = Export.objects.filter(pk=export_id, state=State.READY).first()
    found = ExportPart.objects.filter(export_id=export_id, number=number).first()
    if export is None or (found is None and number < export.parts):
        raise ExportNotReady
    return None if found is None else (found.name, zlib.decompress(found.content))


def claim_export() -> Export | None:
    """Lease the export that waits the longest."""
    with transaction.atomic():
        free = _free().select_for_update(of=("self",), skip_locked=True, no_key=True)
        export: Export | None = free.order_by("created_at", "id").first()
        if export is None:
            return None
        Export.objects.filter(pk=export.pk).update(
            state=State.RUNNING, lease_until=Now() + LEASE, fence=F("fence") + 1
        )
    export.fence += 1
    return export


def has_work() -> bool:
    """Tell whether an export waits without a lease."""
    return _free().exists()


@transaction.atomic
def save_parts(export: Export, files: Iterable[tuple[str, bytes]], *, is_last: bool) -> bool:
    """Store files and the progress, in one transaction.

    Returns:
        Whether the lease was still ours: otherwise nothing is stored.
    """
    ours = Export.objects.filter(pk=export.pk, fence=export.fence, state=State.RUNNING)
    if not ours.select_for_update(no_key=True).exists():
        return False
    for name, content in files:
        ExportPart.objects.create(
            export=export, number=export.parts, name=name, content=zlib.compress(content)
        )
        export.parts += 1
    ours.update(
        done=export.done,
        total=export.total,
        checkpoint=export.checkpoint,
        parts=export.parts,
        lease_until=None if is_last else Now() + LEASE,
        state=State.READY if is_last else State.RUNNING,
        expires_at=Now() + timedelta(days=settings.EXPORT_DAYS) if is_last else None,
    )
    return True


def release(export: Export) -> None:
    """End the lease of an export that is to be continued."""
    Export.objects.filter(pk=export.pk, fence=export.fence).update(lease_until=None)


def delete_expired() -> int:
    """Delete the parts of expired exports; return how many exports."""
    return _expire(Export.objects.filter(state=State.READY, expires_at__lte=Now()))


@transaction.atomic
def delete_exports(*, user_id: UUID) -> None:
    """Delete all exports of an account that is erased.

    They are locked first: a worker that stores a part at this moment has stored it, or finds none.
    """
    theirs = Export.objects.filter(user_id=user_id)
    locked = theirs.select_for_update(of=("self",))
    list(locked.order_by("id").values_list("pk", flat=True))
    theirs.delete()


def _expire(exports: QuerySet[Export]) -> int:
    ids = list(exports.values_list("pk", flat=True))
    ExportPart.objects.filter(export_id__in=ids).delete()
    return Export.objects.filter(pk__in=ids).update(state=State.EXPIRED)


def _free() -> QuerySet[Export]:
    return Export.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=Now()), state__in=_OPEN, user__erased_at=None
    )
