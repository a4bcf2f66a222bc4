"""Requests to erase an account, and the queue of those that are due.

`chat.services.erasing` carries them out: it stands above all that an account leaves behind. A
request may be withdrawn until the grace period has ended (ADR 0079). An erasure without one closes
the account in its own transaction, and cannot be withdrawn (ADR 0112).
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.accounts.services import sign_in, superusers
from moderado.accounts.services.client_keys import first_result
from moderado.accounts.services.erasing import close_account
from moderado.accounts.types import Origin
from moderado.core import clock
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.enforcement.errors import ErasureOrdered, ErasureStarted
from moderado.enforcement.events import ErasureDue
from moderado.enforcement.models import Erasure as Erasure
from moderado.enforcement.models import LegalHold
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.holds import is_user_held

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=35)  # longer than a task may run
PAUSE = timedelta(seconds=1)  # while an older transaction is open

State = Erasure.State


def request_erasure(
    *,
    user_id: UUID,
    session_id: UUID,
    password: str,
    origin: Origin,
    client_id: str | None = None,
) -> Erasure:
    """Request the erasure of one's own account, after `ERASURE_GRACE_DAYS`. Idempotent.

    Without a grace period the account is closed at once. The same `client_id` again requests
    nothing: not even if the first request was withdrawn.

    Raises:
        Invalid: The password is wrong.
        RateLimited: Too many wrong passwords in this session.
        NotFound: The account was deactivated meanwhile; or it is the repeat of a request that was
            withdrawn.
        LastSuperuser: No other superuser stays who can act.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotFound
    if not sign_in.confirm(user=user, password=password, session_id=session_id, origin=origin):
        raise Invalid(fields={"password": _("This is not your password.")})
    due_at = clock.now() + timedelta(days=settings.ERASURE_GRACE_DAYS)
    sent: dict[str, Any] = {"owner_id": user_id, "kind": "erasure", "client_id": client_id}
    with transaction.atomic():
        if first_result(**sent, content=[], result_id=new_id()) is not None:
            return get_erasure(user_id=user_id)
        superusers.keep_another(user_id)
        erasure, is_new = Erasure.objects.exclude(state=State.CANCELLED).get_or_create(
            user_id=user_id,
            defaults={
                "requested_by_id": user_id,
                "due_at": due_at,
                "is_user_held": is_user_held(user_id),
            },
        )
        if is_new and not settings.ERASURE_GRACE_DAYS:
            _begin(user_id)
    if is_new:
        log.warning("erasure_requested", user_id=str(user_id), due_at=due_at.isoformat())
    return erasure


@transaction.atomic
def order_erasure(*, actor_id: UUID | None, user_id: UUID) -> Erasure:
    """Close an account, and have it erased without a grace period. A repeat changes nothing.

    A request of the account becomes the order: its owner cannot withdraw it any more. The account
    stays closed however long the erasure takes, and if it fails: then beat has it repeated.

    Args:
        actor_id: Who acts; None for the command line.
        user_id: The account.

    Raises:
        NotFound: There is no such account.
        LastSuperuser: No other superuser stays who can act.
    """
    superusers.keep_another(user_id)
    if not User.objects.filter(pk=user_id).exists():
        raise NotFound
    # Locked: its owner may be withdrawing it at this moment.
    standing = Erasure.objects.exclude(state=State.CANCELLED).select_for_update(no_key=True)
    erasure, is_new = standing.get_or_create(
        user_id=user_id, defaults={"requested_by_id": actor_id, "due_at": clock.now()}
    )
    if not is_new and erasure.state == State.WAITING:
        Erasure.objects.filter(pk=erasure.pk).update(due_at=Now(), requested_by=actor_id)
    write_line(actor_id=actor_id, action="erasure_ordered", subject_type="user", subject_id=user_id)
    if erasure.state == State.WAITING:
        _begin(user_id)
    return erasure


def _begin(user_id: UUID) -> None:
    """Close the account of an erasure that is due, and wake a worker."""
    close_account(user_id=user_id, is_final=not is_user_held(user_id))
    publish(ErasureDue(user_id=user_id))


def cancel_erasure(*, user_id: UUID) -> None:
    """Withdraw the request that an account has made itself.

    Raises:
        NotFound: There is none.
        ErasureOrdered: An operator has ordered it.
        ErasureStarted: The grace period has ended, and the erasure has begun.
    """
    theirs = Erasure.objects.filter(user_id=user_id)
    waiting = theirs.filter(state=State.WAITING, started_at=None)
    own = waiting.filter(requested_by=user_id)
    # A request without a grace period has closed the account, and stays.
    is_open = User.objects.filter(pk=user_id, is_active=True).exists()
    if is_open and own.update(state=State.CANCELLED, ended_at=Now()):
        log.warning("erasure_cancelled", user_id=str(user_id))
    elif waiting.exclude(requested_by=user_id).exists():
        raise ErasureOrdered
    elif theirs.exclude(state=State.CANCELLED).exists():
        raise ErasureStarted
    else:
        raise NotFound


def get_erasure(*, user_id: UUID) -> Erasure:
    """Return the erasure of an account that was not withdrawn. Raises NotFound."""
    found = Erasure.objects.filter(user_id=user_id).exclude(state=State.CANCELLED).first()
    if found is None:
        raise NotFound
    return found


def is_final(user_id: UUID) -> bool:
    """Tell whether the erasure of an account is due or has begun: then its account is closed."""
    has_begun = Q(started_at__isnull=False) | Q(due_at__lte=Now())
    theirs = Erasure.objects.filter(has_begun, user_id=user_id)
    return theirs.exclude(state=State.CANCELLED).exists()


def claim_due(user_id: UUID | None = None) -> Erasure | None:
    """Lease the erasure that is due the longest, or that of this account.

    One that a legal hold keeps is due once no hold of the account or of its messages is active.
    """
    with transaction.atomic():
        free = _due().select_for_update(of=("self",), skip_locked=True, no_key=True)
        if user_id is not None:
            free = free.filter(user_id=user_id)
        erasure: Erasure | None = free.order_by("due_at", "id").first()
        if erasure is None:
            return None
        stored: dict[str, Any] = {
            "state": State.RUNNING,
            "lease_until": Now() + LEASE,
            "fence": F("fence") + 1,
            "started_at": Coalesce("started_at", Now()),
        }
        if erasure.state == State.HELD:  # from the beginning, without the hold
            erasure.phase = stored["phase"] = 0
        Erasure.objects.filter(pk=erasure.pk).update(**stored)
    erasure.fence += 1
    erasure.state = State.RUNNING
    return erasure


def has_due() -> bool:
    """Tell whether an erasure is due and not leased."""
    return _due().exists()


def save(erasure: Erasure, *, is_waiting: bool = False) -> bool:
    """Store the progress and end the lease; after a pause if it waits for other transactions.

    Returns:
        Whether the lease was still ours.
    """
    return _store(erasure, lease_until=Now() + PAUSE if is_waiting else None)


def finish(erasure: Erasure) -> bool:
    """Store the end of an erasure: done, or held while a legal hold keeps something."""
    is_held = bool(erasure.is_user_held or erasure.withheld)
    state = State.HELD if is_held else State.DONE
    with transaction.atomic():
        if not _store(erasure, lease_until=None, state=state, ended_at=Now()):
            return False
        write_line(
            actor_id=None,
            action="account_kept" if is_held else "account_erased",
            subject_type="user",
            subject_id=erasure.user_id,
            messages=erasure.messages,
            withheld=erasure.withheld,
        )
    log.warning("erasure_ended", user_id=str(erasure.user_id), state=state)
    return True


def _store(erasure: Erasure, **fields: Any) -> bool:
    names = ("phase", "closed_at", "messages", "total", "is_user_held", "withheld")
    ours = Erasure.objects.filter(pk=erasure.pk, fence=erasure.fence, state=State.RUNNING)
    return bool(ours.update(**{name: getattr(erasure, name) for name in names}, **fields))


def _due() -> QuerySet[Erasure]:
    kept = LegalHold.objects.filter(author=OuterRef("user"), released_at=None)
    return Erasure.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=Now()),
        Q(state__in=(State.WAITING, State.RUNNING)) | Q(~Exists(kept), state=State.HELD),
        due_at__lte=Now(),
    )
