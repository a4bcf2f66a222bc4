"""Moderators claim a case by lease, release it, put it off, hand it over and write notes on it.

Claims and releases leave no audit line: they end by themselves, and decide nothing.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from moderado.core import clock
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Invalid, NotFound
from moderado.core.text import clean
from moderado.enforcement.errors import OwnReport, OwnRuling
from moderado.enforcement.models import CaseNote
from moderado.enforcement.selectors.cases import get_case, subject_of_case
from moderado.enforcement.services.access import (
    case_to_decide,
    check_free,
    end_claim_of_party,
    free_cases,
    get_case_of_others,
    locked_case,
)
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.types import LEASE, REPEAT, Actor
from moderado.enforcement.written_reasons import NOTE_LENGTH
from moderado.moderation.errors import OwnCase
from moderado.moderation.events import CaseStep
from moderado.moderation.models import Case
from moderado.moderation.services.case_events import publish_changes, traits_of
from moderado.moderation.services.claims import release_claim, release_unused_claims

log = structlog.get_logger(__name__)

LONGEST_SNOOZE = timedelta(days=30)
_TOO_FAR = format_lazy(_("A moment within the next {days} days."), days=LONGEST_SNOOZE.days)


@retry_on_deadlock
@transaction.atomic
def claim_case(*, actor: Actor, case_id: UUID) -> Case:
    """Claim a case for 15 minutes, or extend the claim. A claim ends a snooze.

    Raises:
        NotFound: There is no such case in these rooms and queues.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
        CaseClosed: The case was decided.
        CaseSuperseded: The case was closed with its subject.
        CaseTaken: Another moderator holds it.
        CaseEscalated: It was handed over to the server's moderators.
    """
    subject_of_case(actor=actor, case_id=case_id)  # which may be none that they see
    end_claim_of_party(case_id)  # which locks the case
    # Now: the moderator may have become a party, or the case restricted, at this moment.
    case_to_decide(actor=actor, case_id=case_id)
    # One statement on the database's clock: the second of two simultaneous claims fails.
    taken = (
        free_cases(actor)
        .filter(pk=case_id)
        .update(
            claimed_by=actor.id,
            claimed_until=Now() + LEASE,
            snoozed_until=None,
            version=F("version") + 1,
        )
    )
    case = get_case(actor=actor, case_id=case_id)
    if not taken:
        check_free(case, actor)
    publish_changes(CaseStep.CLAIMED, [case])
    log.info("case_claimed", case_id=str(case_id), actor_id=str(actor.id))
    return case


@retry_on_deadlock
@transaction.atomic
def release_case(*, actor: Actor, case_id: UUID) -> Case | None:
    """End the moderator's own claim, whatever else they may do. Without one, nothing changes.

    Returns:
        The case; None if the moderator is a party by now, or may not see it any more.

    Raises:
        NotFound: There is no such case in these rooms and queues, and no claim.
        CaseClosed, CaseSuperseded: The case has ended.
        CaseTaken: Another moderator holds it.
    """
    had_claim = release_claim(user_id=actor.id, case_id=case_id)
    try:
        case = get_case_of_others(actor=actor, case_id=case_id)
    except NotFound:
        if had_claim:
            return None
        raise
    except (OwnCase, OwnReport, OwnRuling):
        return None
    if not had_claim:
        check_free(case, actor)
    return case


def snooze_case(*, actor: Actor, case_id: UUID, until: datetime) -> Case:
    """Put a case off: it is left out of the open ones until then, or until something joins it.

    Raises:
        Invalid: `until` is past, or too far: nothing would remind the moderators of the case.
        NotFound, OwnCase, OwnReport, OwnRuling, CaseClosed, CaseSuperseded, CaseTaken: As for a
            claim.
    """
    now = clock.now()
    if until <= now:
        raise Invalid(fields={"until": _("This time is past.")})
    if until > now + LONGEST_SNOOZE:
        raise Invalid(fields={"until": _TOO_FAR})
    return _change(actor, case_id, CaseStep.SNOOZED, snoozed_until=until)


def escalate_case(*, actor: Actor, case_id: UUID) -> Case:
    """Hand a case over to the moderators of the server; those of the room see it, no more.

    Raises:
        NotFound, OwnCase, OwnReport, OwnRuling, CaseClosed, CaseSuperseded, CaseTaken: As for a
            claim.
    """
    first = Coalesce("escalated_at", Now())
    return _change(actor, case_id, CaseStep.ESCALATED, escalated_at=first, snoozed_until=None)


@retry_on_deadlock
@transaction.atomic
def write_note(*, actor: Actor, case_id: UUID, text: str) -> tuple[CaseNote, bool]:
    """Add a note for other moderators, in whatever state the case is.

    The same text of the same moderator within a minute is a repeat, and adds nothing (ADR 0091).

    Returns:
        The note, and whether it is new.

    Raises:
        Invalid: The text is empty or too long.
        NotFound, OwnCase, OwnReport, OwnRuling: As for a claim.
        AccountErased: The case is about an account that is erased.
    """
    written = clean(text, max_length=NOTE_LENGTH, field="text")
    case = get_case_of_others(actor=actor, case_id=case_id)
    Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)  # repeats wait
    check_words_about((case.author_id, case.subject_id), written)
    recent = CaseNote.objects.filter(case=case, actor=actor.id, created_at__gt=Now() - REPEAT)
    if (first := recent.filter(text=written).order_by("id").first()) is not None:
        return first, False
    note = CaseNote.objects.create(case=case, actor_id=actor.id, text=written)
    extended = Case.objects.filter(pk=case.pk, claimed_by=actor.id, state=Case.State.OPEN)
    extended.filter(claimed_until__gte=Now()).update(claimed_until=Now() + LEASE)
    _audit(actor, "case_note_written", case)
    log.info("case_note_written", case_id=str(case_id), actor_id=str(actor.id))
    return note, True


@retry_on_deadlock
def release_claims_of_absent(*, user_id: UUID, idle_seconds: float) -> int:
    """End the claims of a moderator who has left, so that the next one need not wait.

    Args:
        user_id: The moderator.
        idle_seconds: For how long; a claim that was made or extended since stays.

    Returns:
        How many claims ended.
    """
    return release_unused_claims(user_id=user_id, until=LEASE - timedelta(seconds=idle_seconds))


@retry_on_deadlock
@transaction.atomic
def _change(actor: Actor, case_id: UUID, step: CaseStep, **fields: object) -> Case:
    """Change an open case that is free for the moderator; its claim ends."""
    case = locked_case(actor=actor, case_id=case_id)
    check_free(case, actor)
    Case.objects.filter(pk=case_id).update(
        claimed_by=None, claimed_until=None, version=F("version") + 1, **fields
    )
    publish_changes(step, [case], was={case_id: traits_of(case)})
    _audit(actor, f"case_{step.value}", case)
    log.info("case_changed", case_id=str(case_id), actor_id=str(actor.id), step=step.value)
    return get_case(actor=actor, case_id=case_id)


def _audit(actor: Actor, action: str, case: Case) -> None:
    write_line(
        actor_id=actor.id,
        action=action,
        subject_type="case",
        subject_id=case.pk,
        room=None if case.scope_id is None else str(case.scope_id),
    )
