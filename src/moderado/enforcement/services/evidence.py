"""Makes evidence packages: content, metadata, decisions and sealed log lines, signed.

A legal hold keeps what is packed, and each package leaves an audit line with its digest.
"""

from collections.abc import Iterable, Iterator
from hashlib import file_digest
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from moderado.core.database import require_transaction
from moderado.core.errors import NotFound
from moderado.enforcement.evidence_package import (
    PackageWriter,
    json_rows,
    own_fingerprint,
    to_json,
)
from moderado.enforcement.models import LegalHold
from moderado.enforcement.notice_errors import HoldRequired, NoEvidence
from moderado.enforcement.selectors.cases import get_case
from moderado.enforcement.selectors.queues import queues_of, with_queue
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.evidence_records import records_of
from moderado.enforcement.services.evidence_sources import (
    Preserved,
    find_preserved,
    preserved,
)
from moderado.enforcement.services.fairness import check_may_preserve
from moderado.enforcement.services.holds import add_hold
from moderado.enforcement.services.restricted_looks import audit_views
from moderado.enforcement.types import BY_LAW, PERSON, Actor
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import RESTRICTED, without_restricted_cases

log = structlog.get_logger(__name__)

IN_MEMORY = 1 << 20  # bytes of a package; a larger one is on disk


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A signed package: its name, a temporary file at its start, and the SHA-256 digest of that.

    Close the file, which ends with that.
    """

    name: str
    content: IO[bytes]
    digest: str


def make_evidence_of_case(
    *, actor: Actor, case_id: UUID, order: str = "", sees_notifiers: bool = False
) -> Evidence:
    """Pack the subject of a case that a moderator may see, with the cases about it that they may.

    Args:
        actor: Staff.
        case_id: The case.
        order: The reference of the order, under which a legal hold is added.
        sees_notifiers: Whether they may see the e-mail addresses of notifiers. Without it the
            package has none.

    For staff who may not see restricted cases, the package has none of them, and no log line on
    their subjects. It has no case of a queue that is closed to them. Who made a ruling that is
    appealed may preserve what it is about: that decides nothing.

    Raises:
        NotFound: There is no such case in these rooms and queues.
        OwnCase, OwnReport: The moderator is its subject or author, or a reporter: they would learn
            who else reported, and what staff noted.
        HoldRequired: No order is named, and no hold keeps the subject.
        Invalid: The reference of the order is too long.
    """
    case = get_case(actor=actor, case_id=case_id)
    named = case.subject_type, case.subject_id
    return _make(
        actor.id,
        *named,
        order,
        sees_restricted=actor.sees_restricted,
        sees_notifiers=sees_notifiers,
    )


def make_evidence(*, subject_id: UUID, order: str = "") -> Evidence:
    """Pack a case or a subject, for the command line. Errors as for a case, and NoEvidence.

    Args:
        subject_id: Of a case, a message, a person, or another subject of cases.
        order: As for a case.
    """
    case = Case.objects.filter(Q(pk=subject_id) | Q(subject_id=subject_id)).first()
    if case is not None:
        return _make(None, case.subject_type, case.subject_id, order)
    subject_type = find_preserved(subject_id)
    if subject_type is None:
        raise NotFound
    return _make(None, subject_type, subject_id, order)


def _make(
    actor_id: UUID | None,
    subject_type: str,
    subject_id: UUID,
    order: str,
    *,
    sees_restricted: bool = True,
    sees_notifiers: bool = True,
) -> Evidence:
    found = preserved(subject_type, subject_id)
    about = _about(actor_id, subject_type, subject_id, sees_restricted=sees_restricted)
    check_may_preserve(actor_id=actor_id, cases=about)
    first = about.order_by("id").first()
    if found is None and first is None:
        raise NoEvidence
    author_id = (found or first).author_id  # type: ignore[union-attr]  # one of them is there
    restricted = list(about.filter(categories__overlap=list(RESTRICTED)).order_by("id"))
    audit_views(actor_id=actor_id, cases=restricted)
    with transaction.atomic():  # before the rest is read, so that no erasure comes between
        _hold(actor_id, found, author_id, order, by_law=bool(restricted))
    subject = {"type": subject_type, "id": subject_id, "content": found and found.rows}
    records = records_of(
        about,
        subject,
        author_id,
        sees_restricted=sees_restricted,
        sees_notifiers=sees_notifiers,
    )
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (the caller closes it)
    try:
        digest = _pack(file, subject, records, actor_id=actor_id, order=order)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    log.warning("evidence_made", subject_id=str(subject_id), digest=digest)
    return Evidence(name=f"evidence-{subject_id}.zip", content=file, digest=digest)


def _pack(
    file: IO[bytes],
    subject: dict[str, Any],
    records: Iterator[tuple[str, Iterable[object]]],
    *,
    actor_id: UUID | None,
    order: str,
) -> str:
    """Write a package and its audit line; return the digest of the package."""
    with transaction.atomic():
        _write(file, subject, records)
        digest = file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # IO[bytes]
        write_line(
            actor_id=actor_id,
            action="evidence_made",
            subject_type=subject["type"],
            subject_id=subject["id"],
            digest=digest,
            key=own_fingerprint(),
            order=order.strip(),
        )
    return digest


def _write(
    file: IO[bytes],
    subject: dict[str, Any],
    records: Iterator[tuple[str, Iterable[object]]],
) -> None:
    """Write the package, and go back to its start. Requires a transaction."""
    require_transaction()
    named = {"subject_type": subject["type"], "subject_id": str(subject["id"])}
    package = PackageWriter(file, about=named)
    package.add("subject.json", [to_json(subject)])
    for name, rows in records:
        package.add(f"{name}.json", json_rows(rows))
    package.finish()
    file.seek(0)


def _about(
    actor_id: UUID | None, subject_type: str, subject_id: UUID, *, sees_restricted: bool
) -> "QuerySet[Case]":
    about = Q(subject_type=subject_type, subject_id=subject_id)
    if subject_type == PERSON:
        about |= Q(author_id=subject_id)
    found = Case.objects.filter(about)
    if actor_id is not None:
        found = with_queue(found, queues_of(actor_id))
    return found if sees_restricted else without_restricted_cases(found)


def _hold(
    actor_id: UUID | None,
    found: Preserved | None,
    author_id: UUID | None,
    order: str,
    *,
    by_law: bool,
) -> None:
    """Add the legal hold that keeps what is packed, or check that there is one."""
    target = found.holds if found is not None else None
    if target is None and author_id is not None:
        target = ("user", author_id)
    reference = order.strip() or (BY_LAW if by_law else "")
    if not reference:
        held = LegalHold.objects.filter(released_at=None)
        if target is None or not held.filter(subject_id__in={target[1], author_id}).exists():
            raise HoldRequired
    elif target is not None and author_id is not None:
        add_hold(
            actor_id=actor_id,
            subject_type=target[0],
            subject_id=target[1],
            author_id=author_id,
            reference=reference,
        )
