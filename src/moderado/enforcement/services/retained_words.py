"""Erases words on cases that ended long ago, and on measures without a case that are over.

Outcomes, codes and terms stay. A measure that is in force keeps its reason and note: the person
reads them. Requires a transaction that keeps the legal holds as they are (`keep_holds`).
"""

from collections.abc import Collection
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
from moderado.enforcement.services.erased_reasons import erase_words
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
    _erase_measures(sanctions.filter(_is_past(before)))
    on_cases = Q(case__in=case_ids) | Q(appealed__case__in=case_ids)
    _erase_appeals(on_cases | Q(decision_id__in=sanctions.values("pk")), before=before)


def erase_words_without_case(*, before: datetime) -> None:
    """Erase the words of sanctions, suspensions, purges and appeals of them that are over.

    Rulings in bulk lose theirs, too: each ruling has a copy.
    """
    require_transaction()
    sanctions = _free(Sanction.objects.filter(_is_past(before), ruling=None))
    suspensions = _free(ReportingSuspension.objects.filter(_is_over(before)))
    purges = _free(Purge.objects.filter(finished_at__lt=before))
    for rows in (sanctions, suspensions):
        _erase_measures(rows)
    purges.exclude(public_note="").update(public_note="")
    erase_words(purges, "reason", "reversal_reason")
    erase_ended(BulkRuling.objects.filter(finished_at__lt=before))
    _erase_appeals(Q(case=None, appealed=None, decision_id__in=_without_case()), before=before)


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


def _erase_measures(rows: "QuerySet[Any]") -> None:
    rows.exclude(public_note="").update(public_note="")
    erase_words(rows, "reason", "lift_reason")


def _erase_appeals(which: Q, *, before: datetime) -> None:
    decided = Appeal.objects.filter(which, state=AppealState.DECIDED, decided_at__lt=before)
    decided = decided.filter(~_is_held("appellant"))
    decided.exclude(text="", public_note="").update(text="", public_note="")
    erase_words(decided, "reason")
