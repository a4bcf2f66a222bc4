"""Sanctions that moderators impose and lift by hand, outside of a ruling."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Forbidden
from moderado.enforcement.errors import SanctionEnded
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.sanctions import get_sanction
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.fairness import check_outranks, check_reach
from moderado.enforcement.services.sanctions import apply_sanction, lift_sanction
from moderado.enforcement.services.shown_words import check_shown_words
from moderado.enforcement.types import REPEAT, SanctionKind
from moderado.enforcement.written_reasons import clean_note, clean_reason

Scopes = Collection[UUID] | None


@retry_on_deadlock
@transaction.atomic
def impose_sanction(  # noqa: PLR0913  (what a sanction consists of)
    *,
    actor_id: UUID,
    scope_ids: Scopes,
    user_id: UUID,
    kind: str,
    scope_id: UUID | None,
    term: timedelta | None,
    reason: str,
    public_note: str = "",
) -> tuple[Sanction, bool]:
    """Impose a sanction. The arguments are those of `apply_sanction`.

    The same request of the same moderator within a minute is a repeat, and changes nothing:
    otherwise a second click gives a second strike, and may reach a threshold.

    Args:
        scope_ids: Rooms of the moderator; None for staff: all, and the server.

    Returns:
        The sanction, and whether it is new.

    Raises:
        Forbidden: The moderator may not act in that scope, or on an account with more rights.
        OwnCase: The actor is the person.
        LastSuperuser: A ban from the server of the last superuser who can act.
        NotAllowedInRoom: The actor does not outrank the person in the room.
        Invalid: Kind, term, reason or note, there is no such person, or the person of a moderator
            of a room has never taken part in it: such a one can be banned, without a note.
    """
    if scope_ids is not None and scope_id not in scope_ids:
        raise Forbidden
    if scope_id is None:
        check_outranks(actor_id=actor_id, user_id=user_id)
    asked = (kind, term, clean_reason(reason), clean_note(public_note))  # as they are stored
    if (first := _repeated(actor_id, user_id, scope_id, asked)) is not None:
        return get_sanction(sanction_id=first.id, scope_ids=None), False
    check_shown_words(scope_ids, reason=reason, public_note=public_note)
    sanction = apply_sanction(
        actor_id=actor_id,
        user_id=user_id,
        kind=kind,
        scope_id=scope_id,
        term=term,
        reason=reason,
        public_note=public_note,
    )
    _write_line("sanction_applied", sanction, actor_id)
    return get_sanction(sanction_id=sanction.id, scope_ids=None, sees_restricted=True), True


@retry_on_deadlock
@transaction.atomic
def lift_by_hand(
    *,
    actor_id: UUID,
    scope_ids: Scopes,
    sanction_id: UUID,
    reason: str,
    sees_restricted: bool = False,
) -> Sanction:
    """Lift a sanction, or revoke a strike.

    A repeat of the moderator who has lifted it, for the same reason, has no effect.

    Args:
        actor_id: The moderator.
        scope_ids: Their rooms; None for staff: all, and the server.
        sanction_id: The sanction.
        reason: 1 to 64 characters, for staff.
        sees_restricted: Whether they may see sanctions of cases about danger to children.

    Raises:
        NoSuchSanction: There is none in the scopes of the moderator.
        OwnCase: The sanction is against the actor.
        SanctionEnded: It is no longer in force.
        CaseEscalated, Forbidden: As `fairness.check_reach`, about the ruling that imposed it, or
            the strike that led to it.
        Invalid: The reason.
    """
    found = get_sanction(
        sanction_id=sanction_id, scope_ids=scope_ids, sees_restricted=sees_restricted
    )
    ruling = (found.cause or found).ruling
    if ruling is not None:
        check_reach(scope_ids=scope_ids, ruling=ruling)
    try:
        sanction = lift_sanction(actor_id=actor_id, sanction_id=sanction_id, reason=reason)
    except SanctionEnded:
        own = Sanction.objects.filter(lifted_by=actor_id, lift_reason=clean_reason(reason))
        if not own.filter(pk=sanction_id).exists():
            raise
    else:
        _write_line("sanction_lifted", sanction, actor_id)
    return get_sanction(sanction_id=sanction_id, scope_ids=None, sees_restricted=True)


def _repeated(
    actor_id: UUID,
    user_id: UUID,
    scope_id: UUID | None,
    asked: tuple[str, timedelta | None, str, str],
) -> Sanction | None:
    """Return the sanction that the moderator has just imposed. Serializes repeats."""
    User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    latest = Sanction.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=Now()),
        actor=actor_id, user=user_id, scope_id=scope_id, ruling=None, lifted_at=None,
        starts_at__gt=Now() - REPEAT,
    )  # fmt: skip
    return next((each for each in latest.order_by("id") if asked == _asked(each, asked[1])), None)


def _asked(given: Sanction, term: timedelta | None) -> tuple[str, timedelta | None, str, str]:
    if given.kind != SanctionKind.STRIKE:  # the policy limits how long a strike counts
        term = given.imposed_term
    return given.kind, term, given.reason, given.public_note


def _write_line(action: str, sanction: Sanction, actor_id: UUID) -> None:
    write_line(
        actor_id=actor_id,
        action=action,
        subject_type="sanction",
        subject_id=sanction.id,
        user=str(sanction.user_id),
        kind=sanction.kind,
        scope=None if sanction.scope_id is None else str(sanction.scope_id),
    )
