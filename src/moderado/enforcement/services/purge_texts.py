"""Erases what moderators wrote to a person about purges of their messages."""

from collections.abc import Collection
from uuid import UUID

from moderado.enforcement.models import Purge
from moderado.enforcement.services.erased_reasons import erase_words


def erase_notes(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Erase what moderators wrote to a person about purges."""
    del kept_subjects  # a hold of messages keeps no notes on purges
    purges = Purge.objects.filter(user_id=user_id)
    purges.exclude(public_note="").update(public_note="")
    erase_words(purges, "reason", "reversal_reason")
