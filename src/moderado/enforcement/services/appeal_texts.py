"""Erases what a person wrote in appeals, and what moderators answered them."""

from collections.abc import Collection
from uuid import UUID

from moderado.enforcement.models import Appeal


def erase_appeals(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Empty the appeals of an account and the words of their decisions. Outcomes stay."""
    appeals = Appeal.objects.filter(appellant=user_id).exclude(subject_id__in=kept_subjects)
    appeals.update(text="", reason="", public_note="")
