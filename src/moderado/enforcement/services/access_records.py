"""Access records: who used the server from where, for the term that the law demands (ADR 0080).

Off by default. A record says that an account was used from an address and port; one an hour is
enough for the same connection. Records are sealed in a chain, and deleted at 180 days by whole
seals: what is left verifies. A legal hold of an account keeps its records (Marco Civil, art. 15,
§ 2). An audit line has the digest of what stays of a seal.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.core import clock
from moderado.core.errors import Invalid
from moderado.core.ids import first_id
from moderado.enforcement.models import AccessRecord, AccessSeal, AuditLine
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.holds import rows_of_held_accounts

TERM = timedelta(days=180)
SETTLE = timedelta(minutes=5)  # a record is sealed once no open transaction can add an older one
BATCH = 1000  # records of one seal
START = UUID(int=0)
KEPT = "records_kept"  # the audit line

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('access_seal', 0))"
PRECISION = 3600  # seconds in which a process records the same connection once
MOST_REMEMBERED = 50_000  # connections
_recent: dict[tuple[UUID, str, int | None], float] = {}


@dataclass(frozen=True, slots=True)
class SealVerification:
    """What the seals say: how many hold, whose records were deleted, and which do not hold."""

    intact: int
    deleted: int
    altered: tuple[int, ...]


def record_access(*, user_id: UUID, address: str, port: int | None) -> None:
    """Record that an account is used from an address, if ACCESS_RECORDS is on.

    Each process records the same account, address and port once an hour.
    """
    if not settings.ACCESS_RECORDS or not address:
        return
    key = (user_id, address, port)
    now = time.monotonic()
    if now - _recent.get(key, -PRECISION) < PRECISION:
        return
    AccessRecord.objects.create(user_id=user_id, address=address, port=port)
    if len(_recent) >= MOST_REMEMBERED:
        _recent.clear()  # some are recorded twice
    _recent[key] = now


@transaction.atomic
def seal_records(*, settle: timedelta = SETTLE) -> int:
    """Seal the records that are old enough, at most `BATCH`; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            return 0  # another worker holds the lock
    last = AccessSeal.objects.order_by("-number").first()
    after = last.last_id if last else START
    rows = _rows(after, first_id(clock.estimated() - settle))
    if rows:
        AccessSeal.objects.create(
            number=last.number + 1 if last else 1,
            after_id=after,
            last_id=rows[-1].id,
            records=len(rows),
            digest=_digest(bytes(last.digest) if last else b"", rows),
        )
    return len(rows)


@transaction.atomic
def delete_expired() -> int:
    """Delete the records of whole seals that are older than the term; return how many.

    What a legal hold of its account keeps stays until the release.
    """
    is_held = rows_of_held_accounts()
    oldest = first_id(clock.estimated() - TERM)
    expired = AccessSeal.objects.filter(last_id__lt=oldest)
    newest = expired.order_by("-number").first()
    if newest is None:
        return 0
    records = AccessRecord.objects.filter(id__lte=newest.last_id)
    free = records.filter(~is_held)
    for seal in expired.filter(_within(records.filter(is_held)), _within(free)):
        _audit_rest(seal, is_held)
    count, _ = free.delete()
    return count


def _within(records: "QuerySet[AccessRecord]") -> Exists:
    """Return the condition that a seal has some of these records."""
    return Exists(records.filter(id__gt=OuterRef("after_id"), id__lte=OuterRef("last_id")))


def _audit_rest(seal: AccessSeal, is_held: Q) -> None:
    """Write what stays of a seal to the audit, if the seal holds until now."""
    rows = _rows(seal.after_id, seal.last_id, inclusive=True)
    if _holds(seal, rows):
        held = AccessRecord.objects.filter(is_held, pk__in=[row.pk for row in rows])
        kept = list(held.order_by("id"))
        digest = _digest(bytes(seal.digest), kept).hex()
        write_line(actor_id=None, action=KEPT, seal=seal.number, records=len(kept), digest=digest)


def _holds(seal: AccessSeal, rows: Sequence[AccessRecord]) -> bool:
    """Tell whether records are those of a seal, or what was to stay of it after the term."""
    if len(rows) == seal.records:
        previous = AccessSeal.objects.filter(number=seal.number - 1).first()
        return _digest(bytes(previous.digest) if previous else b"", rows) == bytes(seal.digest)
    lines = AuditLine.objects.filter(action=KEPT, details__seal=seal.number)
    rest = lines.order_by("created_at", "id").last()
    return rest is not None and rest.details["digest"] == _digest(bytes(seal.digest), rows).hex()


def extract(
    *,
    actor_id: UUID | None,
    order: str,
    user_id: UUID | None = None,
    address: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[AccessRecord]:
    """Return records that an order demands, oldest first. The extraction is written to the audit.

    Args:
        actor_id: Who acts; None for the command line.
        order: The reference of the order.
        user_id: Only of this account.
        address: Only from this address. One of the two must be given.
        since: Only from then on.
        until: Only until then, exclusively.

    Raises:
        Invalid: `order` is empty, or neither account nor address is given.
    """
    if not order.strip() or (user_id is None and address is None):
        raise Invalid(fields={"order": "name the order, and an account or an address"})
    found = AccessRecord.objects.all()
    if user_id is not None:
        found = found.filter(user_id=user_id)
    if address is not None:
        found = found.filter(address=address)
    if since is not None:
        found = found.filter(created_at__gte=since)
    if until is not None:
        found = found.filter(created_at__lt=until)
    rows = list(found.order_by("created_at", "id"))
    write_line(
        actor_id=actor_id,
        action="records_extracted",
        subject_type="user" if user_id else "",
        subject_id=user_id,
        order=order.strip(),
        by_address=address is not None,
        since=since.isoformat() if since else None,
        until=until.isoformat() if until else None,
        records=len(rows),
    )
    return rows


def verify_records() -> SealVerification:
    """Compare all seals with the records that are left."""
    intact, deleted, altered = 0, 0, []
    for seal in AccessSeal.objects.order_by("number").iterator():
        rows = _rows(seal.after_id, seal.last_id, inclusive=True)
        if not rows and seal.last_id < first_id(clock.estimated() - TERM):
            deleted += 1
        elif _holds(seal, rows):
            intact += 1
        else:
            altered.append(seal.number)
    return SealVerification(intact, deleted, tuple(altered))


def _rows(after: UUID, until: UUID, *, inclusive: bool = False) -> list[AccessRecord]:
    rows = AccessRecord.objects.filter(id__gt=after)
    rows = rows.filter(id__lte=until) if inclusive else rows.filter(id__lt=until)
    return list(rows.order_by("id")[: BATCH + inclusive])


def _digest(previous: bytes, rows: Sequence[AccessRecord]) -> bytes:
    digest = blake2b(previous, digest_size=32, person=b"moderado.access")
    for row in rows:
        written = [str(row.id), row.created_at.isoformat(), str(row.user_id), row.address, row.port]
        digest.update(json.dumps(written).encode() + b"\n")
    return digest.digest()
