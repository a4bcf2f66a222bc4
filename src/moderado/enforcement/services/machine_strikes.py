"""Strikes that automatic verdicts give, under policies that say so.

The verdict's transaction only notes them (`PendingStrike`). A beat task gives them. Each verdict
gives one strike; a ruling that shows the text takes it away. While a ruling can be undone, the
strike waits: one that is dropped for a ruling could not come back with its undo.
"""

from contextlib import suppress
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import ApplicationError
from moderado.core.row_by_row import row_by_row
from moderado.enforcement.errors import SanctionEnded
from moderado.enforcement.events import RulingSettled
from moderado.enforcement.models import PendingStrike, Ruling, Sanction
from moderado.enforcement.services.sanctions import apply_sanction, lift_sanction
from moderado.enforcement.types import SHOWING, SanctionBasis, SanctionEnd, SanctionKind
from moderado.moderation.events import RevisionsBlocked
from moderado.moderation.models import ModerationLog

BATCH = 100  # strikes, each in a transaction of its own; more are looked at if some fail
OTHER = "policy"  # the reason of a strike without a category
ALLOWED = "allowed"  # why the strike of a verdict is lifted


def on_revisions_blocked(event: RevisionsBlocked) -> None:
    """Note the strikes that verdicts demand. Requires a transaction."""
    require_transaction()
    PendingStrike.objects.bulk_create(
        PendingStrike(
            user_id=each.author_id,
            scope_id=each.scope_id,
            verdict_id=each.line_id,
            subject_id=each.subject_id,
            revision=each.revision,
            policy_name=each.policy,
            category=each.category,
        )
        for each in event.blocked
    )


def give_strikes() -> int:
    """Give the strikes that wait.

    Returns:
        How many were looked at. `BATCH`: there may be more.
    """
    ids = _waiting().order_by("id").values_list("pk", flat=True)[: 10 * BATCH]
    return len(list(islice(filter(None, row_by_row("give_strikes", ids, _give_one)), BATCH)))


def on_ruling_settled(event: RulingSettled) -> None:
    """Take the strike of a verdict away, once a ruling that shows the text is final.

    Requires a transaction.
    """
    if event.content not in SHOWING or event.was_reversed:
        return
    require_transaction()
    about = Q(subject_id=event.subject_id, revision=event.revision)
    PendingStrike.objects.filter(about).delete()
    verdicts = ModerationLog.objects.filter(about, actor=None).values("id")
    given = Sanction.objects.filter(verdict_id__in=verdicts, lifted_at=None)
    for sanction_id in given.values_list("id", flat=True):
        with suppress(SanctionEnded):  # lifted by hand at this moment
            lift_sanction(
                actor_id=event.actor_id,
                sanction_id=sanction_id,
                reason=ALLOWED,
                end=SanctionEnd.UNDONE,
            )


def _waiting() -> "QuerySet[PendingStrike]":
    """Return the strikes for whose verdict no ruling can be undone."""
    undoable = Ruling.objects.filter(
        subject_id=OuterRef("subject_id"),
        revision=OuterRef("revision"),
        settled_at=None,
        undone_at=None,
    )
    return PendingStrike.objects.exclude(Exists(undoable))


@retry_on_deadlock
@transaction.atomic
def _give_one(pending_id: UUID) -> bool:
    rows = _waiting().filter(pk=pending_id)
    pending = rows.select_for_update(of=("self",), skip_locked=True).first()
    if pending is None:  # given, withdrawn or put off meanwhile
        return False
    if not _is_allowed(pending):
        try:
            with transaction.atomic():
                _give(pending)
        except ApplicationError:  # the account is gone
            pass
    pending.delete()
    return True


def _give(pending: PendingStrike) -> None:
    apply_sanction(
        actor_id=None,
        user_id=pending.user_id,
        kind=SanctionKind.STRIKE,
        scope_id=pending.scope_id,
        term=None,
        reason=pending.category or OTHER,
        basis=SanctionBasis(policy=pending.policy_name, verdict_id=pending.verdict_id),
    )


def _is_allowed(pending: PendingStrike) -> bool:
    """Tell whether a moderator has ruled meanwhile that the text is shown."""
    rulings = Ruling.objects.filter(
        subject_id=pending.subject_id, revision=pending.revision, undone_at=None
    )
    newest = rulings.order_by("-created_at", "-id").first()
    return newest is not None and newest.content in SHOWING
