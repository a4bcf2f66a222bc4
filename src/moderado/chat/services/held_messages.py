"""Legal holds of single messages."""

from uuid import UUID

from moderado.chat.errors import NoSuchMessage
from moderado.chat.selectors.authors import author_of_message
from moderado.enforcement.services.holds import LegalHold, add_hold


def hold_message(*, actor_id: UUID | None, message_id: UUID, reference: str) -> LegalHold:
    """Keep a message from erasure and retention. A repeat returns the first hold.

    Raises:
        NoSuchMessage: There is no such message.
        Invalid: `reference` is empty or too long.
    """
    found = author_of_message(message_id)
    if found is None:
        raise NoSuchMessage
    return add_hold(
        actor_id=actor_id,
        subject_type="message",
        subject_id=message_id,
        author_id=found,
        reference=reference,
    )
