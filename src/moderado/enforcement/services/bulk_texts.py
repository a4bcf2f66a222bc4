"""Erases what moderators wrote about an account in rulings in bulk.

Each ruling has its own copy of the words. An unfinished ruling in bulk still needs them for other
authors: it loses them when it ends.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.accounts.models import User
from moderado.core.database import require_transaction
from moderado.enforcement.models import BulkRuling, Ruling
from moderado.enforcement.services.erased_reasons import erase_words, is_code

State = BulkRuling.State

_ENDED = (State.DONE, State.STOPPED, State.REVERSED)


def erase_notes(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Erase notes and reasons of rulings in bulk that decided cases of an account."""
    del kept_subjects  # their rulings keep the words
    theirs = Ruling.objects.filter(bulk=OuterRef("pk"), author_id=user_id)
    erase_ended(BulkRuling.objects.filter(Q(filter__author_id=str(user_id)) | Exists(theirs)))


def erase_notes_of_ended(bulk_id: UUID) -> None:
    """Erase the words of a ruling in bulk that has ended, if an author was erased meanwhile.

    Requires a transaction: that of the end.
    """
    require_transaction()
    bulk = BulkRuling.objects.filter(pk=bulk_id)
    authors = User.objects.filter(erased_at__isnull=False)
    wanted = list(bulk.exclude(filter__author_id=None).values_list("filter__author_id", flat=True))
    ruled = Ruling.objects.filter(bulk=bulk_id, author__in=authors)
    if ruled.exists() or authors.filter(pk__in=wanted).exists():
        erase_ended(bulk)


def erase_ended(bulks: "QuerySet[BulkRuling]") -> None:
    """Erase the words of those rulings in bulk that have ended. Requires a transaction."""
    require_transaction()
    ended = bulks.filter(state__in=_ENDED)
    for bulk in ended.select_for_update(of=("self",), no_key=True).order_by("id"):
        written = bulk.ruling | {"public_note": "", "private_note": ""}
        if not is_code(written["reason"]):
            written["reason"] = ""
        BulkRuling.objects.filter(pk=bulk.pk).update(ruling=written)
        erase_words(BulkRuling.objects.filter(pk=bulk.pk), "reversal_reason")
