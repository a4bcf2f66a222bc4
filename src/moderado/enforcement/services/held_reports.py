"""What erased persons said about content of others that a legal hold keeps (ADR 0125).

The hold keeps the words of reports and appeals with the content, and they are erased with its end.
"""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from moderado.core.database import require_transaction
from moderado.enforcement.models import Appeal, Erasure, LegalHold, Report

_USER = LegalHold.Subject.USER
_BEGUN = (Erasure.State.RUNNING, Erasure.State.DONE)
_AUTHORS_OF_REPORTS = ("case__author_id",)
_AUTHORS_OF_APPEALS = ("case__author_id", "appealed__case__author_id")


def held_reports() -> Exists:
    """Return the condition that a hold keeps what a report is about, or its author's account."""
    return _is_held(_AUTHORS_OF_REPORTS)


def held_appeals() -> Exists:
    """Return the condition that a hold keeps what an appeal is about, or its author's account."""
    return _is_held(_AUTHORS_OF_APPEALS)


def erase_freed_words(*, subject_id: UUID) -> None:
    """Erase what erased persons said about a subject whose hold has ended.

    Requires a transaction that lets no erasure and no hold go on: that of the release.

    Args:
        subject_id: The message or account of the hold.
    """
    require_transaction()
    reports = Report.objects.filter(_about(subject_id, _AUTHORS_OF_REPORTS), _is_erased("reporter"))
    reports.exclude(held_reports()).exclude(comment="").update(comment="")
    appeals = Appeal.objects.filter(
        _about(subject_id, _AUTHORS_OF_APPEALS), _is_erased("appellant")
    )
    written = appeals.exclude(held_appeals()).exclude(text="", reason="", public_note="")
    written.update(text="", reason="", public_note="")


def _is_held(authors: tuple[str, ...]) -> Exists:
    about = Q(subject_id=OuterRef("subject_id"))
    for author in authors:
        about |= Q(subject_type=_USER, subject_id=OuterRef(author))
    return Exists(LegalHold.objects.filter(about, released_at=None))


def _about(subject_id: UUID, authors: tuple[str, ...]) -> Q:
    about = Q(subject_id=subject_id)
    for author in authors:
        about |= Q(**{author: subject_id})
    return about


def _is_erased(person: str) -> Q:
    """Return the condition that the erasure of a person has begun, and nothing keeps their data."""
    begun = Erasure.objects.filter(user=OuterRef(f"{person}_id"), state__in=_BEGUN)
    kept = LegalHold.objects.filter(
        subject_type=_USER, subject_id=OuterRef(f"{person}_id"), released_at=None
    )
    return Q(Exists(begun)) & ~Q(Exists(kept))
