"""Moderators claim a case and rule on it once. The ruling overrides any machine verdict."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.core.text import clean
from moderado.moderation.errors import CaseClosed, CaseTaken, OwnCase
from moderado.moderation.events import CaseDecided
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.selectors import Scopes, get_case
from moderado.moderation.types import Outcome, Reason

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=15)
DECIDED_BY = "moderator"
_REASON_LENGTH = 64
_NOTE_LENGTH = 2000


def claim_case(*, actor_id: UUID, case_id: UUID, scope_ids: Scopes) -> Case:
    """Claim a case for 15 minutes, or extend the claim.

    Args:
        scope_ids: Rooms of the moderator; None for staff.

    Raises:
        NotFound: There is no such case in these rooms.
        OwnCase: The moderator has written the text.
        CaseClosed: The case was decided.
        CaseTaken: Another moderator holds it.
    """
    _check_not_party(get_case(case_id=case_id, scope_ids=scope_ids), actor_id)
    # One statement on the database's clock: the second of two simultaneous claims fails.
    taken = (
        _free(actor_id)
        .filter(pk=case_id)
        .update(claimed_by=actor_id, claimed_until=Now() + LEASE, version=F("version") + 1)
    )
    case = get_case(case_id=case_id, scope_ids=scope_ids)
    if not taken:
        raise CaseClosed if case.state == Case.State.DECIDED else CaseTaken
    log.info("case_claimed", case_id=str(case_id), actor_id=str(actor_id))
    return case


@retry_on_deadlock
def rule(
    *,
    actor_id: UUID,
    case_id: UUID,
    outcome: str,
    reason: str,
    note: str = "",
    scope_ids: Scopes,
) -> Case:
    """Decide a case, claimed or free. A decision is final.

    Writes the log and publishes CaseDecided.

    Args:
        outcome: ALLOW or BLOCK.
        reason: 1 to 64 characters.
        note: Internal, at most 2,000 characters.
        scope_ids: Rooms of the moderator; None for staff.

    Raises:
        NotFound: There is no such case in these rooms.
        Invalid: Outcome, reason or note.
        OwnCase: The moderator has written the text.
        CaseClosed: The case was decided.
        CaseTaken: Another moderator holds it.
    """
    ruling = _ruling(outcome)
    reason = clean(reason, max_length=_REASON_LENGTH, field="reason")
    note = clean(note, max_length=_NOTE_LENGTH, field="note") if note.strip() else ""
    with transaction.atomic():
        case = _locked(actor_id=actor_id, case_id=case_id, scope_ids=scope_ids)
        _decide(case, actor_id=actor_id, outcome=ruling, reason=reason, note=note)
        _log(case, ruling)
        publish(
            CaseDecided(
                case_id=case.id,
                subject_type=case.subject_type,
                subject_id=case.subject_id,
                revision=case.revision,
                outcome=ruling,
                actor_id=actor_id,
            )
        )
    log.info("case_decided", case_id=str(case_id), actor_id=str(actor_id), outcome=ruling.value)
    return get_case(case_id=case_id, scope_ids=None)


def _ruling(outcome: str) -> Outcome:
    if outcome not in (Outcome.ALLOW, Outcome.BLOCK):
        raise Invalid(fields={"outcome": _("A ruling is ALLOW or BLOCK.")})
    return Outcome(outcome)


def _free(actor_id: UUID) -> "QuerySet[Case]":
    """Return open cases that no other moderator holds."""
    mine = Q(claimed_by=None) | Q(claimed_by=actor_id) | Q(claimed_until__lt=Now())
    return Case.objects.filter(mine, state=Case.State.OPEN)


def _locked(*, actor_id: UUID, case_id: UUID, scope_ids: Scopes) -> Case:
    case = Case.objects.select_for_update(of=("self",), no_key=True).filter(pk=case_id).first()
    if case is None or (scope_ids is not None and case.scope_id not in scope_ids):
        raise NotFound
    _check_not_party(case, actor_id)
    if case.state == Case.State.DECIDED:
        raise CaseClosed
    if not _free(actor_id).filter(pk=case_id).exists():
        raise CaseTaken
    return case


def _check_not_party(case: Case, actor_id: UUID) -> None:
    if case.author_id == actor_id:
        raise OwnCase


def _decide(case: Case, *, actor_id: UUID, outcome: Outcome, reason: str, note: str) -> None:
    Case.objects.filter(pk=case.pk).update(
        state=Case.State.DECIDED,
        outcome=outcome,
        reason=reason,
        note=note,
        decided_by=actor_id,
        decided_at=Now(),
        claimed_by=None,
        claimed_until=None,
        version=F("version") + 1,
    )
    case.reason, case.note, case.decided_by_id = reason, note, actor_id


def _log(case: Case, outcome: Outcome) -> None:
    ModerationLog.objects.create(
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        revision=case.revision,
        scope_id=case.scope_id,
        verdict=outcome,
        score=case.score,
        categories={},
        reason=Reason.MODERATOR,
        decided_by=DECIDED_BY,
        actor_id=case.decided_by_id,
        raw={"case": str(case.id), "reason": case.reason, "note": case.note},
    )
