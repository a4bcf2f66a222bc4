"""Measures against persons: applying, lifting and expiring them.

A sanction binds with the commit of its row: statements that store messages, and every other entry
point, look it up in PostgreSQL. The events only end what is open and tell the person.
"""

from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.accounts.services import superusers
from moderado.accounts.services.sessions import end_sessions_of
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import Invalid
from moderado.core.events import publish
from moderado.core.row_by_row import row_by_row
from moderado.enforcement.emails import email_digest
from moderado.enforcement.errors import NoSuchSanction, SanctionEnded
from moderado.enforcement.events import (
    PersonNotice,
    PersonNotified,
    SanctionApplied,
    SanctionLifted,
)
from moderado.enforcement.models import Ruling, Sanction
from moderado.enforcement.selectors.sanctions import view_of
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.fairness import check_not_self
from moderado.enforcement.services.strike_values import Valued, basis_columns, valued
from moderado.enforcement.types import NO_BASIS, SanctionBasis, SanctionEnd, SanctionKind
from moderado.enforcement.written_reasons import clean_note, clean_reason

log = structlog.get_logger(__name__)

LONGEST_TERM = timedelta(days=3_660)
SLOW_INTERVAL = timedelta(seconds=60)  # between two messages of a person in slow mode


def apply_sanction(  # noqa: PLR0913  (what a sanction consists of)
    *,
    actor_id: UUID | None,
    user_id: UUID,
    kind: str,
    scope_id: UUID | None,
    term: timedelta | None,
    reason: str,
    public_note: str = "",
    ruling: Ruling | None = None,
    basis: SanctionBasis = NO_BASIS,
) -> Sanction:
    """Put a sanction into force. It binds with the commit.

    Requires a transaction. The caller has checked the actor's right to do so. Sanctions of one
    person may overlap: each ends on its own.

    Args:
        actor_id: The moderator; None for what strikes or a machine's verdict led to.
        user_id: The person.
        kind: A value of `SanctionKind`.
        scope_id: The room; None for the whole server.
        term: How long it lasts; None for no end, or of a strike for the window of its policy.
        reason: A code of 1 to 64 characters. The person sees it.
        public_note: At most 2,000 characters. The person sees it, too.
        ruling: What it belongs to: both were decided at one time, and are appealed as one.
        basis: What a strike is about, or which strike led to the sanction.

    Raises:
        OwnCase: The actor is the person.
        LastSuperuser: A ban from the server of the last superuser who can act.
        Invalid: Kind, term, reason or note, or there is no such person.
    """
    require_transaction()
    if actor_id is not None:
        check_not_self(actor_id=actor_id, user_id=user_id)
    wanted = _kind(kind)
    user = _person(user_id, wanted)
    check_words_about([user_id], reason, public_note)
    if wanted is SanctionKind.BAN and scope_id is None:
        superusers.keep_another(user_id)
    is_strike = wanted is SanctionKind.STRIKE
    strike = valued(scope_id=scope_id, reason=reason, basis=basis) if is_strike else None
    length = _length(term, strike)
    sanction = Sanction(
        user=user,
        kind=wanted,
        scope_id=scope_id,
        reason=clean_reason(reason),
        public_note=clean_note(public_note),
        starts_at=Now(),
        ends_at=None if length is None else Now() + length,
        actor_id=actor_id,
        **_of(ruling),
        **_details(wanted, user, scope_id),
        **basis_columns(basis, strike),
    )
    sanction.save(force_insert=True)
    sanction.refresh_from_db()
    _announce(sanction, user, actor_id)
    return sanction


def lift_sanction(
    *,
    actor_id: UUID | None,
    sanction_id: UUID,
    reason: str,
    end: SanctionEnd = SanctionEnd.LIFTED,
) -> Sanction:
    """End a sanction before its term. A strike is revoked in the same way.

    Requires a transaction. The caller has checked the actor's right to do so.

    Args:
        actor_id: The moderator; None for the server itself.
        sanction_id: The sanction.
        reason: Why, 1 to 64 characters, for staff.
        end: LIFTED, or UNDONE: then what the sanction ended is restored, and what followed from it
            ends, also if its own term is over.

    Raises:
        NoSuchSanction: There is none.
        OwnCase: The sanction is against the actor.
        SanctionEnded: It was lifted, or, unless it is undone, its term is over.
    """
    require_transaction()
    reason = clean_reason(reason)
    locked = Sanction.objects.select_for_update(of=("self",), no_key=True)
    sanction = locked.select_related("user").filter(pk=sanction_id).first()
    if sanction is None:
        raise NoSuchSanction
    if actor_id is not None:
        check_not_self(actor_id=actor_id, user_id=sanction.user_id)
    check_words_about([sanction.user_id], reason)
    standing = Sanction.objects.filter(pk=sanction.pk, lifted_at=None)
    if end is not SanctionEnd.UNDONE:
        standing = standing.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), expired_at=None)
    if not standing.update(lifted_at=Now(), lifted_by=actor_id, lift_reason=reason):
        raise SanctionEnded
    sanction.refresh_from_db(fields=["lifted_at", "lifted_by", "lift_reason"])
    _publish_end(sanction, end)
    log.info("sanction_lifted", kind=sanction.kind, **_logged(sanction, actor_id))
    return sanction


def lift_sanctions_of_ruling(*, actor_id: UUID | None, ruling_id: UUID, reason: str) -> int:
    """Lift what a ruling imposed, for its undoing or reversal, also if the term is over.

    Requires a transaction.

    Returns:
        How many sanctions were lifted.
    """
    require_transaction()
    ids = Sanction.objects.filter(ruling=ruling_id, lifted_at=None)
    lifted = 0
    for sanction_id in sorted(ids.values_list("id", flat=True)):
        with suppress(SanctionEnded):  # lifted by hand at this moment
            lift_sanction(
                actor_id=actor_id, sanction_id=sanction_id, reason=reason, end=SanctionEnd.UNDONE
            )
            lifted += 1
    return lifted


def expire_sanctions(*, limit: int = 500) -> int:
    """Mark the sanctions whose term is over, and tell the persons.

    They stopped binding at their end. Rows that another worker marks are skipped.

    Returns:
        How many were marked.
    """
    over = Sanction.objects.filter(ends_at__lte=Now(), lifted_at=None, expired_at=None)
    ids = over.order_by("ends_at").values_list("pk", flat=True)[: 10 * limit]
    return len(list(islice(filter(None, row_by_row("expire_sanctions", ids, _expire)), limit)))


@retry_on_deadlock
@transaction.atomic
def _expire(sanction_id: UUID) -> bool:
    # Its end may have been changed after the list of ids was read.
    over = Sanction.objects.filter(
        pk=sanction_id, lifted_at=None, expired_at=None, ends_at__lte=Now()
    )
    sanction = over.select_for_update(no_key=True, skip_locked=True).first()
    if sanction is None:  # lifted, lengthened, or marked by another worker
        return False
    Sanction.objects.filter(pk=sanction_id).update(expired_at=F("ends_at"))
    _publish_end(sanction, SanctionEnd.EXPIRED)
    return True


def _announce(sanction: Sanction, user: User, actor_id: UUID | None) -> None:
    # First: handlers may end what the person is connected to, or impose what follows.
    _notify(sanction, user, PersonNotice.SANCTION_APPLIED)
    has_note = bool(sanction.public_note)
    publish(SanctionApplied(**event_fields(sanction), actor_id=actor_id, has_note=has_note))
    if sanction.kind == SanctionKind.BAN and sanction.scope_id is None:
        end_sessions_of(user_id=user.id)
    log.info("sanction_applied", kind=sanction.kind, **_logged(sanction, actor_id))


def _person(user_id: UUID, kind: SanctionKind) -> User:
    people = User.objects.filter(pk=user_id)
    if kind is SanctionKind.BAN:
        # Serialized with sign-ins and joins, which lock the account, too.
        people = people.select_for_update(no_key=True)
    user = people.first()
    if user is None:
        raise Invalid(fields={"user": _("There is no such person.")})
    return user


def _logged(sanction: Sanction, actor_id: UUID | None) -> dict[str, str | None]:
    ids = {
        "sanction_id": sanction.id,
        "user_id": sanction.user_id,
        "scope_id": sanction.scope_id,
        "actor_id": actor_id,
    }
    return {name: None if each is None else str(each) for name, each in ids.items()}


def _publish_end(sanction: Sanction, end: SanctionEnd) -> None:
    if sanction.user is not None:
        _notify(sanction, sanction.user, PersonNotice.SANCTION_LIFTED)
        publish(SanctionLifted(**event_fields(sanction), end=end))


def _notify(sanction: Sanction, user: User, notice: PersonNotice) -> None:
    view = view_of(sanction, language=user.language)
    publish(PersonNotified(user_id=user.id, notice=notice, body=view))


def event_fields(sanction: Sanction) -> dict[str, Any]:
    """Return what all events of a sanction say."""
    return {
        "sanction_id": sanction.id,
        "user_id": sanction.user_id,
        "kind": SanctionKind(sanction.kind),
        "scope_id": sanction.scope_id,
        "reason": sanction.reason,
        "public_note": sanction.public_note,
        "ends_at": sanction.ends_at,
    }


def _details(kind: SanctionKind, user: User, scope_id: UUID | None) -> dict[str, Any]:
    if kind is SanctionKind.SLOW:
        return {"interval_seconds": int(SLOW_INTERVAL.total_seconds())}
    if kind is SanctionKind.BAN and scope_id is None:
        return {"email_digest": email_digest(user.email)}
    return {}


def _of(ruling: Ruling | None) -> dict[str, Any]:
    """Return the columns that a sanction shares with its ruling: its time to appeal is one."""
    return {} if ruling is None else {"ruling": ruling, "created_at": ruling.created_at}


def _length(term: timedelta | None, strike: Valued | None) -> timedelta | None:
    """Return how long a sanction lasts: a strike at most for its window."""
    checked = None if term is None else _term(term)
    if strike is None:
        return checked
    return strike.window if checked is None else min(checked, strike.window)


def _kind(kind: str) -> SanctionKind:
    try:
        return SanctionKind(kind)
    except ValueError:
        raise Invalid(fields={"kind": _("There is no such sanction.")}) from None


def _term(term: timedelta) -> timedelta:
    if not timedelta(0) < term <= LONGEST_TERM:
        raise Invalid(fields={"term_seconds": _("A term is 1 second to ten years.")})
    return term
