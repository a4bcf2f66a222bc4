"""Operators bank texts that an order has removed. Each change leaves an audit line."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from moderado.core.errors import NotFound
from moderado.core.text import clean
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.notice_errors import NoEvidence
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.evidence_sources import preserved
from moderado.enforcement.services.fairness import check_not_self
from moderado.enforcement.services.holds import author_of
from moderado.enforcement.services.restricted_looks import audit_views_about
from moderado.moderation.models import Case
from moderado.moderation.services import hash_bank
from moderado.moderation.services.hash_bank import BankedText as BankedText
from moderado.moderation.services.hash_bank import banked_texts as banked_texts
from moderado.moderation.texts import with_texts

_MESSAGE = "message"


@transaction.atomic
def bank_message(
    *, actor_id: UUID | None, message_id: UUID, order: str, revision: int | None = None
) -> tuple[BankedText, bool]:
    """Bank the text of a message; of an erased one, the text of its newest case.

    A repeat for the same order returns the first entry. An edit that waits or was refused is not
    what others saw: its author must not choose by it what is banked.

    Args:
        actor_id: Who acts; None for the command line.
        message_id: The message.
        order: The reference of the order.
        revision: The revision that had the text; None for the one that others see or saw last.

    Returns:
        The entry, and whether it is new.

    Raises:
        NotFound: There is no such message.
        OwnCase: The actor is its author.
        NoEvidence: No text of it is left.
        TextTooShort: The text is too short to be banked.
        Invalid: The reference.
    """
    found = preserved(_MESSAGE, message_id)
    if found is None:
        raise NotFound
    if actor_id is not None:
        check_not_self(actor_id=actor_id, user_id=found.author_id)
    text = found.text if revision is None else found.texts.get(revision, "")
    text = text or _text_of_case(message_id, revision)
    if not text:
        raise NoEvidence
    banked, is_new = hash_bank.bank_text(
        actor_id=actor_id,
        text=text,
        reference=order,
        subject_type=_MESSAGE,
        subject_id=message_id,
    )
    if is_new:
        _audit(actor_id, "text_banked", banked)
    return banked, is_new


@transaction.atomic
def unbank(
    *, actor_id: UUID | None, banked_id: UUID, reason: str = "", sees_restricted: bool = True
) -> BankedText:
    """Remove an entry of the bank.

    Args:
        actor_id: Who acts; None for the command line.
        banked_id: The entry.
        reason: Such as the reference of another order; for the audit.
        sees_restricted: Whether they may see entries of cases about danger to children.

    Raises:
        NotFound: There is no such entry.
        OwnCase: The actor has written the text.
        Invalid: The reason is too long.
    """
    if reason.strip():
        reason = clean(reason, max_length=REFERENCE_LENGTH, field="reason")
    banked = hash_bank.unbank_text(
        banked_id=banked_id, sees_restricted=sees_restricted, actor_id=actor_id
    )
    if actor_id is not None:
        author_id = author_of(banked.subject_type, banked.subject_id)
        check_not_self(actor_id=actor_id, user_id=author_id)
    _audit(actor_id, "text_unbanked", banked, **({"reference": reason} if reason else {}))
    return banked


@transaction.atomic
def list_banked(
    *, actor_id: UUID | None = None, sees_restricted: bool = True
) -> Sequence[BankedText]:
    """Return the entries of the bank, newest first. Looks at restricted ones leave audit lines.

    Args:
        actor_id: Who looks; None for the command line.
        sees_restricted: With those of messages with a case about danger to children.
    """
    found = list(banked_texts(actor_id=actor_id, sees_restricted=sees_restricted))
    audit_views_about(actor_id=actor_id, rows=found)
    return found


def _text_of_case(message_id: UUID, revision: int | None) -> str:
    about = Case.objects.filter(subject_type=_MESSAGE, subject_id=message_id)
    if revision is not None:
        about = about.filter(revision=revision)
    texts = [case.text for case in with_texts(about.order_by("-revision", "-id")) if case.text]
    return texts[0] if texts else ""


def _audit(actor_id: UUID | None, action: str, banked: BankedText, **details: str) -> None:
    write_line(
        actor_id=actor_id,
        action=action,
        subject_type=banked.subject_type,
        subject_id=banked.subject_id,
        banked=str(banked.id),
        order=banked.reference,
        **details,
    )
