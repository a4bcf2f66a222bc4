"""Erases what moderators wrote about an account: notes on cases, rulings and sanctions."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from moderado.enforcement.models import (
    CaseNote,
    PersonBlock,
    Report,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.enforcement.services.erased_reasons import erase_words
from moderado.enforcement.services.held_reports import held_reports


def erase_notes(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Empty the notes on cases, rulings and sanctions about an account; the outcomes stay."""
    about = Q(case__author_id=user_id) | Q(case__subject_id=user_id)
    notes = CaseNote.objects.filter(about).exclude(case__subject_id__in=kept_subjects)
    notes.exclude(text="").update(text="")
    rulings = Ruling.objects.filter(Q(author_id=user_id) | Q(subject_id=user_id))
    written = rulings.exclude(public_note="", private_note="")
    written.exclude(subject_id__in=kept_subjects).update(public_note="", private_note="")
    erase_words(rulings.exclude(subject_id__in=kept_subjects), "reason")
    sanctions = Sanction.objects.filter(user_id=user_id)
    sanctions.exclude(public_note="").update(public_note="")
    erase_words(sanctions, "reason", "lift_reason", "end_reason")


def erase_reports(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Empty the comments of an account's reports and of reports about it; its blocks end.

    Those about what a legal hold keeps stay until its end.
    """
    reports = Report.objects.filter(
        Q(reporter_id=user_id) | Q(case__author_id=user_id) | Q(subject_id=user_id)
    )
    free = reports.exclude(subject_id__in=kept_subjects).exclude(held_reports())
    free.exclude(comment="").update(comment="")
    suspensions = ReportingSuspension.objects.filter(user_id=user_id)
    suspensions.exclude(public_note="").update(public_note="")
    erase_words(suspensions, "reason", "lift_reason")
    PersonBlock.objects.filter(blocker_id=user_id).delete()
