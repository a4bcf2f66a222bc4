"""The bank of texts that were ordered away: held for a moderator, by any author and in any room.

Digests are those of `blocked_texts`, with one key for the whole server. A worker keeps them in
memory: the statement that claims messages also returns the version of the bank, and only a new one
is loaded. Posting in rooms that show messages at once looks in the table, in the statement that
looks for blocked texts (ADR 0083).
"""

from collections.abc import Collection
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from moderado.core.database import require_transaction
from moderado.core.errors import NotFound
from moderado.core.ids import new_id
from moderado.core.text import clean_line
from moderado.moderation.errors import TextTooShort
from moderado.moderation.models import BankedText as BankedText
from moderado.moderation.models import BankVersion
from moderado.moderation.models.bank import ORDER_LENGTH
from moderado.moderation.normalize import frozen
from moderado.moderation.restricted_cases import is_for_others
from moderado.moderation.services.blocked_texts import bank_digests

ORDERED_REMOVAL = "ordered_removal"  # `decided_by` of the verdict
MIN_LETTERS = 24  # letters and digits; shorter texts are what many people write

VERSION_SQL = "(SELECT version FROM moderation_bankversion WHERE id = 1)"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('hash_bank', 0))"


class _Loaded:
    """The digests of this process, and the version that they are of."""

    version: UUID | None = None
    digests: frozenset[str] = frozenset()


_loaded = _Loaded()


@transaction.atomic
def bank_text(
    *, actor_id: UUID | None, text: str, reference: str, subject_type: str, subject_id: UUID
) -> tuple[BankedText, bool]:
    """Bank the text of a subject. A repeat for the same order returns the first entry.

    The same text of another subject is an entry of its own: the first one may be about a case that
    the actor may not see.

    Args:
        actor_id: Who acts; None for the command line.
        text: The text that was ordered away. It is not stored.
        reference: The order.
        subject_type: Kind of what had the text.
        subject_id: Its id.

    Returns:
        The entry, and whether it is new.

    Raises:
        TextTooShort: The text has fewer than `MIN_LETTERS` letters and digits.
        Invalid: The reference.
    """
    reference = clean_line(reference, max_length=ORDER_LENGTH, field="order")
    if len(frozen.letters_of(text, frozen.VERSIONS[-1])) < MIN_LETTERS:
        raise TextTooShort(least=MIN_LETTERS)
    _lock()
    banked, is_new = BankedText.objects.get_or_create(
        digests=bank_digests(text),
        reference=reference,
        subject_id=subject_id,
        defaults={"subject_type": subject_type, "actor_id": actor_id},
    )
    if is_new:
        _change()
    return banked, is_new


@transaction.atomic
def unbank_text(
    *, banked_id: UUID, sees_restricted: bool, actor_id: UUID | None = None
) -> BankedText:
    """Remove an entry; other entries may still bank the same text. Raises NotFound."""
    _lock()
    seen = banked_texts(sees_restricted=sees_restricted, actor_id=actor_id)
    banked = seen.filter(pk=banked_id).first()
    if banked is None:
        raise NotFound
    BankedText.objects.filter(pk=banked_id).delete()
    _change()
    return banked


def banked_texts(*, sees_restricted: bool, actor_id: UUID | None = None) -> "QuerySet[BankedText]":
    """Return the entries, newest first.

    Args:
        sees_restricted: With those of messages with a case about danger to children. What others
            see keeps entries from before the case.
        actor_id: Who looks: they see what they have banked, so that no gap tells of such a case.
    """
    found = BankedText.objects.order_by("-created_at", "-id")
    if sees_restricted:
        return found
    stays = is_for_others(revision=None, created="created_at")
    return found.filter(Q(actor=actor_id, actor__isnull=False) | stays)


def is_banked(text: str, *, version: UUID | None) -> bool:
    """Tell whether a text is in the bank.

    Args:
        text: The text.
        version: Of the bank, by `VERSION_SQL`; None for a bank that was never used.
    """
    if version is None:
        return False
    if _loaded.version != version:
        _load(version)
    return bool(_loaded.digests) and not _loaded.digests.isdisjoint(bank_digests(text))


def banked_among(texts: Collection[str]) -> frozenset[str]:
    """Return those of some texts that are in the bank. No statement without texts."""
    version = current_version() if texts else None
    return frozenset(text for text in texts if is_banked(text, version=version))


def current_version() -> UUID | None:
    """Return the version of the bank now."""
    return BankVersion.objects.values_list("version", flat=True).first()


def _load(version: UUID) -> None:
    """Load the bank. If it has changed since, the next claim names the newer version."""
    rows = BankedText.objects.values_list("digests", flat=True)
    _loaded.digests = frozenset(digest for digests in rows for digest in digests)
    _loaded.version = version


def _lock() -> None:
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def _change() -> None:
    BankVersion.objects.update_or_create(pk=1, defaults={"version": new_id()})
