"""How long notices are kept: unconfirmed ones for a week, personal data for `NOTICE_DAYS`."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from moderado.core.database import retry_on_deadlock
from moderado.enforcement.models import LegalHold, Notice
from moderado.enforcement.services.holds import block_new_holds
from moderado.enforcement.types import NOTICE, NoticeState
from moderado.moderation.services.texts import erase_texts

UNCONFIRMED = timedelta(days=7)
BATCH = 200


def keep_notice_terms() -> int:
    """Delete what was never confirmed, and empty notices that ended `NOTICE_DAYS` ago.

    A legal hold of the subject, its author or the notifier's account keeps a notice as it is.

    Returns:
        How many of them had a case of their own.
    """
    Notice.objects.filter(
        state=NoticeState.UNCONFIRMED, created_at__lt=Now() - UNCONFIRMED
    ).delete()
    emptied = _empty_batch()
    erase_texts(subject_ids=emptied)  # cases of their own quote what they point at
    return len(emptied)


def erase_notices(*, user_id: UUID, kept_subjects: Collection[UUID]) -> None:
    """Empty what others wrote in notices about an account. Their names stay until their term.

    What they pointed at is their wording, too: the case has its id.
    """
    about = Q(case__author_id=user_id) | Q(case__subject_id=user_id)
    notices = Notice.objects.filter(about).exclude(case__subject_id__in=kept_subjects)
    notices.exclude(text="", reference="").update(text="", reference="")


@retry_on_deadlock
@transaction.atomic
def _empty_batch() -> list[UUID]:
    block_new_holds()
    ids = list(_over().order_by("decided_at").values_list("pk", flat=True)[:BATCH])
    Notice.objects.filter(pk__in=ids).update(
        name="", email="", reference="", text="", code_digest=None, erased_at=Now()
    )
    own = Notice.objects.filter(pk__in=ids, case__subject_type=NOTICE)
    return list(own.values_list("case__subject_id", flat=True))


def _over() -> "QuerySet[Notice]":
    held = LegalHold.objects.filter(
        Q(subject_id=OuterRef("case__subject_id"))
        | Q(subject_type="user", subject_id=OuterRef("case__author_id")),
        released_at=None,
    )
    notifiers = LegalHold.objects.filter(
        subject_type="user", author__email__iexact=OuterRef("email"), released_at=None
    )
    return Notice.objects.filter(
        ~Exists(held),
        ~Exists(notifiers),
        state=NoticeState.DECIDED,
        erased_at=None,
        decided_at__lt=Now() - timedelta(days=settings.ENV.notice_days),
    )
