"""Tells authors of rulings about them, with the statement of reasons that `me/decisions/` has."""

from uuid import UUID

from django.utils import translation

from moderado.accounts.models import User
from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.enforcement.events import PersonNotice, PersonNotified, RulingSettled
from moderado.enforcement.selectors.decisions import ruling_about


def on_ruling_settled(event: RulingSettled) -> None:
    """Tell the author why, unless the ruling has left all as it was or is reversed by now.

    Requires a transaction.
    """
    require_transaction()
    if event.author_id is None or event.was_reversed:
        return
    notice = notice_of(PersonNotice.DECISION_MADE, event.author_id, event.ruling_id)
    if notice is not None:
        publish(notice)


def notice_of(kind: PersonNotice, author_id: UUID, ruling_id: UUID) -> PersonNotified | None:
    """Return a notice of a ruling in the author's language; None if they learn nothing of it."""
    author = User.objects.get(pk=author_id)
    with translation.override(author.language):
        decision = ruling_about(author_id, ruling_id)
    if decision is None:
        return None
    return PersonNotified(user_id=author_id, notice=kind, body=decision.view)
