"""What this context stores of an account's own words: the registry that an erasure calls.

Each service package with such texts adds one function. It empties the texts that the account wrote
and the copies of them, keeps decisions and counts, and may be repeated.
"""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from moderado.enforcement.services import (
    appeal_texts,
    bulk_texts,
    case_texts,
    notice_terms,
    purge_texts,
)


class EraseTexts(Protocol):
    """Erases the texts of an account."""

    def __call__(self, *, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
        """Erase them, except what is about `kept_subjects`: a legal hold keeps these messages."""


# Of this context, in any order.
ERASERS: tuple[EraseTexts, ...] = (
    case_texts.erase_notes,
    case_texts.erase_reports,
    appeal_texts.erase_appeals,
    notice_terms.erase_notices,
    purge_texts.erase_notes,
    bulk_texts.erase_notes,
)


def erase_texts_of(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Erase all texts of an account in this context. Idempotent.

    Args:
        user_id: The account.
        kept_subjects: Messages that a legal hold keeps.
    """
    for erase in ERASERS:
        erase(user_id=user_id, kept_subjects=kept_subjects)
