"""Erases what appeals of and about a person say, and what moderators answered."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from moderado.enforcement.models import Appeal
from moderado.enforcement.services.appeal_outcomes import decide_appeals
from moderado.enforcement.services.held_reports import held_appeals
from moderado.enforcement.types import AppealOutcome, AppealState
from moderado.moderation.models import Case


def erase_appeals(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Empty the appeals of an account, and those of reporters about it. Outcomes stay.

    With them go the words of their decisions; those about what a legal hold keeps stay until its
    end. Own appeals that wait end: no decision reaches them.
    """
    waiting = Appeal.objects.filter(appellant=user_id, state=AppealState.OPEN)
    decide_appeals(waiting, AppealOutcome.ENDED, None, told_at=Now())
    theirs = Case.objects.filter(
        subject_type=OuterRef("subject_type"), subject_id=OuterRef("subject_id"), author_id=user_id
    )
    about = Q(appellant=user_id) | Q(subject_id=user_id) | Exists(theirs)
    appeals = Appeal.objects.filter(about).exclude(subject_id__in=kept_subjects)
    appeals = appeals.exclude(Q(appellant=user_id), held_appeals())
    appeals.exclude(text="", reason="", public_note="").update(text="", reason="", public_note="")
