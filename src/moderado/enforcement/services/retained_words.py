"""Erases words on cases that ended long ago, and on measures without a case that are over.

Outcomes, codes and terms stay. A measure that is in force keeps its reason and note: the person
reads them. Requires a transaction that keeps the legal holds as they are (`block_new_holds`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.core.database import require_transaction
from moderado.enforcement.models import (
    Appeal,
    BulkRuling,
    CaseNote,
    LegalHold,
    Purge,
    Report,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.enforcement.services.bulk_texts import erase_ended
from moderado.enforcement.services.erased_reasons import erase_words, in_words
from moderado.enforcement.types import AppealState, SanctionKind


def erase_words_on(case_ids: Collection[UUID], *, before: datetime) -> None:
    """Erase notes, comments, appeals and reasons of cases that have ended.

    Args:
        case_ids: Cases that no legal hold keeps, and whose subjects have no open appeal.
        before: Appeals that were decided later, and sanctions that ended later, keep their words.
    """
    require_transaction()
    CaseNote.objects.filter(case__in=case_ids).exclude(text="").update(text="")
    reports = Report.objects.filter(~_is_held("reporter"), case__in=case_ids)
    reports.exclude(comment="").update(comment="")
    rulings = Ruling.objects.filter(case__in=case_ids)
    written = rulings.exclude(public_note="", private_note="")
    written.update(public_note="", private_note="")
    erase_words(rulings, "reason")
    sanctions = Sanction.objects.filter(ruling__case__in=case_ids)
    _erase_sanctions(sanctions.filter(_is_past(before)))
    on_cases = Q(case__in=case_ids) | Q(appealed__case__in=case_ids)
    on_sanctions = Q(decision_id__in=sanctions.values("pk"))
    _erase_appeals(_decided(on_cases | on_sanctions, before=before))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredWords:
    """Words on records of one kind that belong to no case.

    Attributes:
        rows: Returns the records that were over before a moment, whose words nothing keeps.
        erase: Erases the words on such records.
    """

    rows: "Callable[[datetime], QuerySet[Any]]"
    erase: "Callable[[QuerySet[Any]], None]"


def _sanctions(before: datetime) -> "QuerySet[Any]":
    written = _MEASURED | in_words("end_reason")
    return _free(Sanction.objects.filter(_is_past(before), written, ruling=None))


def _suspensions(before: datetime) -> "QuerySet[Any]":
    return _free(ReportingSuspension.objects.filter(_is_over(before), _MEASURED))


def _purges(before: datetime) -> "QuerySet[Any]":
    written = ~Q(public_note="") | in_words("reason", "reversal_reason")
    return _free(Purge.objects.filter(written, finished_at__lt=before))


def _bulks(before: datetime) -> "QuerySet[Any]":
    return BulkRuling.objects.filter(finished_at__lt=before)


def _appeals(before: datetime) -> "QuerySet[Any]":
    written = ~Q(text="", public_note="") | in_words("reason")
    of_measures = Q(case=None, appealed=None, decision_id__in=_without_case())
    return _decided(of_measures, before=before).filter(written)


def _without_case() -> "QuerySet[Any]":
    by_hand = Sanction.objects.filter(ruling=None).values("pk")
    return by_hand.union(
        ReportingSuspension.objects.values("pk"), Purge.objects.values("pk"), all=True
    )


def _is_over(before: datetime) -> Q:
    return Q(lifted_at__lt=before) | Q(ends_at__lt=before)


def _is_past(before: datetime) -> Q:
    """Return the condition that a sanction is over; a warning has no term."""
    return _is_over(before) | Q(kind=SanctionKind.WARNING, starts_at__lt=before)


def _free(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Return those that no legal hold of the person keeps, and about which no appeal waits."""
    waiting = Appeal.objects.filter(decision_id=OuterRef("pk"), state=AppealState.OPEN)
    return rows.filter(~_is_held("user"), ~Exists(waiting))


def _is_held(person: str) -> Exists:
    return Exists(LegalHold.objects.filter(subject_id=OuterRef(person), released_at=None))


def _erase_sanctions(rows: "QuerySet[Any]") -> None:
    _erase_measures(rows)
    erase_words(rows, "end_reason")


def _erase_measures(rows: "QuerySet[Any]") -> None:
    rows.exclude(public_note="").update(public_note="")
    erase_words(rows, "reason", "lift_reason")


def _erase_purges(rows: "QuerySet[Any]") -> None:
    rows.exclude(public_note="").update(public_note="")
    erase_words(rows, "reason", "reversal_reason")


def _decided(which: Q, *, before: datetime) -> "QuerySet[Any]":
    decided = Appeal.objects.filter(which, state=AppealState.DECIDED, decided_at__lt=before)
    return decided.filter(~_is_held("appellant"))


def _erase_appeals(rows: "QuerySet[Any]") -> None:
    rows.exclude(text="", public_note="").update(text="", public_note="")
    erase_words(rows, "reason")


_MEASURED = ~Q(public_note="") | in_words("reason", "lift_reason")

# Rulings in bulk lose their words, too: each ruling has a copy.
WITHOUT_CASE = (
    ExpiredWords(rows=_sanctions, erase=_erase_sanctions),
    ExpiredWords(rows=_suspensions, erase=_erase_measures),
    ExpiredWords(rows=_purges, erase=_erase_purges),
    ExpiredWords(rows=_bulks, erase=erase_ended),
    ExpiredWords(rows=_appeals, erase=_erase_appeals),
)
