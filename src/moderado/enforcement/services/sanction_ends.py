"""Gives sanctions in force another end: shorter, longer, or none.

Lengthening is a decision against the person: who does so needs the right to impose it, must be no
party, and does not decide the appeal, whose time begins anew (ADR 0150).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from moderado.core import clock
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Forbidden, Invalid
from moderado.core.events import publish
from moderado.enforcement.end_errors import EndFixed, SanctionAppealed
from moderado.enforcement.errors import NoSuchSanction, SanctionEnded
from moderado.enforcement.events import PersonNotice, PersonNotified, SanctionEndChanged
from moderado.enforcement.models import Appeal, Ruling, Sanction
from moderado.enforcement.selectors.sanctions import decision_of, get_sanction, view_of
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.fairness import (
    check_may_decide,
    check_not_self,
    check_outranks,
    check_reach,
)
from moderado.enforcement.services.sanctions import LONGEST_TERM, event_fields
from moderado.enforcement.services.shown_words import check_shown_words
from moderado.enforcement.types import SanctionKind
from moderado.enforcement.written_reasons import clean_reason

log = structlog.get_logger(__name__)

CHANGEABLE = frozenset({SanctionKind.SLOW, SanctionKind.MUTE, SanctionKind.BAN})
Scopes = Collection[UUID] | None


@retry_on_deadlock
@transaction.atomic
def change_end(  # noqa: PLR0913  (a change and the rights of who makes it)
    *,
    actor_id: UUID,
    scope_ids: Scopes,
    imposing_scope_ids: Scopes,
    sanction_id: UUID,
    until: datetime | None,
    reason: str,
    sees_restricted: bool = False,
) -> Sanction:
    """Change when a sanction ends. The end that it has already changes nothing.

    Args:
        actor_id: The moderator.
        scope_ids: Rooms in which they may lift; None for staff: all, and the server.
        imposing_scope_ids: Likewise, in which they may impose, and so lengthen.
        sanction_id: The sanction.
        until: The new end; None for no end.
        reason: A code or words of 1 to 64 characters. The person reads it.
        sees_restricted: Whether they may see sanctions of cases about danger to children.

    Raises:
        NoSuchSanction: There is none in the scopes of the moderator.
        OwnCase: The sanction is against the actor.
        EndFixed: It is a warning or a strike.
        SanctionEnded: It is no longer in force.
        SanctionAppealed: It would be longer, and the person has appealed it.
        OwnReport, OwnRuling: It would be longer, and the actor is a party to its case.
        NotAllowedInRoom: Likewise, and the actor does not outrank the person in the room.
        CaseEscalated, Forbidden: As for lifting it; or it would be longer, and the actor may not
            impose it, or has fewer rights than the person.
        Invalid: The end is past or too late, or the reason.
    """
    found = get_sanction(
        sanction_id=sanction_id, scope_ids=scope_ids, sees_restricted=sees_restricted
    )
    check_not_self(actor_id=actor_id, user_id=found.user_id)
    basis = (found.cause or found).ruling
    if basis is not None:
        check_reach(scope_ids=scope_ids, ruling=basis)
    reason = clean_reason(reason)
    sanction = _locked(found)
    if sanction.kind not in CHANGEABLE:
        raise EndFixed
    before = sanction.ends_at
    if before != until or sanction.lifted_at is not None:
        is_longer = before is not None and (until is None or until > before)
        if is_longer:
            _check_may_lengthen(actor_id, sanction, basis, imposing_scope_ids)
        check_shown_words(scope_ids, reason=reason)
        check_words_about([sanction.user_id], reason)
        _store(actor_id, sanction, until, reason, is_longer=is_longer)
        _announce(actor_id, sanction, before, is_longer=is_longer)
    return get_sanction(sanction_id=sanction_id, scope_ids=None, sees_restricted=True)


def _locked(found: Sanction) -> Sanction:
    """Lock what an appeal of the sanction, a reversal and a lifting lock, in their order."""
    if found.ruling_id is not None:
        Ruling.objects.select_for_update(of=("self",), no_key=True).get(pk=found.ruling_id)
    locked = Sanction.objects.select_for_update(of=("self",), no_key=True)
    sanction = locked.select_related("user").filter(pk=found.pk).first()
    if sanction is None:
        raise NoSuchSanction
    return sanction


def _check_may_lengthen(
    actor_id: UUID, sanction: Sanction, basis: Ruling | None, imposing_scope_ids: Scopes
) -> None:
    if imposing_scope_ids is not None and sanction.scope_id not in imposing_scope_ids:
        raise Forbidden
    if sanction.scope_id is None and sanction.user_id is not None:
        check_outranks(actor_id=actor_id, user_id=sanction.user_id)
    if basis is not None:
        check_may_decide(actor_id=actor_id, case=basis.case)
    appeals = Appeal.objects.filter(decision_id=decision_of(sanction), appellant=sanction.user_id)
    if appeals.exists():
        raise SanctionAppealed


def _store(
    actor_id: UUID, sanction: Sanction, until: datetime | None, reason: str, *, is_longer: bool
) -> None:
    now = clock.now()
    if until is not None and not now < until <= now + LONGEST_TERM:
        raise Invalid(fields={"until": _("A moment within the next ten years.")})
    values: dict[str, Any] = {
        "ends_at": until,
        "end_changed_at": Now(),
        "end_changed_by": actor_id,
        "end_reason": reason,
    }
    if sanction.end_changed_at is None:
        values["first_ends_at"] = sanction.ends_at
    if is_longer:
        others = [each for each in sanction.lengthened_by or () if each != actor_id]
        values |= {"lengthened_at": Now(), "lengthened_by": [*others, actor_id]}
    standing = Sanction.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=Now()), pk=sanction.pk, lifted_at=None, expired_at=None
    )
    if not standing.update(**values):
        raise SanctionEnded
    sanction.refresh_from_db(fields=list(values))
    if is_longer and sanction.ruling_id is not None:
        _renew_appeal(sanction)


def _renew_appeal(sanction: Sanction) -> None:
    """Let the time to appeal a ruling begin anew for its other sanctions, too: they are one."""
    others = Sanction.objects.filter(ruling=sanction.ruling_id).exclude(pk=sanction.pk)
    others.update(lengthened_at=sanction.lengthened_at)


def _announce(
    actor_id: UUID, sanction: Sanction, before: datetime | None, *, is_longer: bool
) -> None:
    user = sanction.user
    if user is not None:  # else the account was deleted
        view = view_of(sanction, language=user.language)
        publish(PersonNotified(user_id=user.pk, notice=PersonNotice.SANCTION_CHANGED, body=view))
        event = event_fields(sanction)
        publish(SanctionEndChanged(**event, actor_id=actor_id, is_longer=is_longer))
    ends = {"before": before, "until": sanction.ends_at}
    write_line(
        actor_id=actor_id,
        action="sanction_end_changed",
        subject_type="sanction",
        subject_id=sanction.pk,
        user=None if sanction.user_id is None else str(sanction.user_id),
        kind=sanction.kind,
        scope=None if sanction.scope_id is None else str(sanction.scope_id),
        **{name: end and end.isoformat() for name, end in ends.items()},
    )
    log.info("sanction_end_changed", sanction_id=str(sanction.pk), actor_id=str(actor_id))
