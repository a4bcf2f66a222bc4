"""Refuses new words about accounts that are erased, and closes cases that would open again."""

from collections.abc import Collection
from uuid import UUID

from moderado.core.database import require_transaction
from moderado.enforcement.errors import AccountErased
from moderado.enforcement.models import Erasure
from moderado.enforcement.services.erased_reasons import is_code
from moderado.enforcement.services.holds import held_messages, is_user_held
from moderado.moderation.events import DecisionUndone
from moderado.moderation.services.closing import close_cases
from moderado.moderation.types import CloseReason


def check_words_about(about: Collection[UUID | None], *words: str) -> None:
    """Check that words are not about an account whose erasure has begun.

    The second pass of an erasure empties what a transaction stores that has not seen it begin.
    What a legal hold keeps may have new words, too, which are erased with it.

    Args:
        about: The account, or the author and the subject.
        words: Reasons and notes. Codes and empty ones are no words.

    Raises:
        AccountErased: They are.
    """
    if all(not each or is_code(each) for each in words):
        return
    if _are_erased(about):
        raise AccountErased


def on_decision_undone(event: DecisionUndone) -> None:
    """Close the case of an account, or of its name, that has been erased since the ruling.

    Requires a transaction: that of the undoing.
    """
    require_transaction()
    if _are_erased([event.subject_id]):
        close_cases(
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            revisions=[event.revision],
            reason=CloseReason.DELETED,
        )


def _are_erased(about: Collection[UUID | None]) -> bool:
    begun = Erasure.objects.filter(user__in=about, started_at__isnull=False)
    return any(
        not is_user_held(user_id) and held_messages(user_id).isdisjoint(about)
        for user_id in begun.exclude(state=Erasure.State.CANCELLED).values_list("user", flat=True)
    )
