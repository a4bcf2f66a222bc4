"""Moderators claim a case and rule on it once. The ruling overrides any machine verdict.

A ruling names the revision of its case. If that revision has ended, nothing is stored, the case is
closed, and the moderator learns why.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.text import clean
from moderado.moderation.errors import CaseClosed, CaseSuperseded, CaseTaken, OwnCase
from moderado.moderation.events import CaseDecided, CaseStep, ReviewStarted
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.selectors import Scopes, get_case
from moderado.moderation.services.case_events import publish_changes
from moderado.moderation.services.closing import close_cases
from moderado.moderation.services.texts import Kind, put_text
from moderado.moderation.texts import texts_of
from moderado.moderation.types import CloseReason, Outcome, Reason

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=15)
DECIDED_BY = "moderator"
_REASON_LENGTH = 64
_NOTE_LENGTH = 2000


def get_case_of_others(*, actor_id: UUID, case_id: UUID, scope_ids: Scopes) -> Case:
    """Return a case that is not about the moderator's own content.

    Raises:
        NotFound: There is no such case in these rooms.
        OwnCase: The moderator has written the text.
    """
    case = get_case(case_id=case_id, scope_ids=scope_ids)
    _check_not_party(case, actor_id)
    return case


def claim_case(*, actor_id: UUID, case_id: UUID, scope_ids: Scopes) -> Case:
    """Claim a case for 15 minutes, or extend the claim.

    Args:
        scope_ids: Rooms of the moderator; None for staff.

    Raises:
        NotFound: There is no such case in these rooms.
        OwnCase: The moderator has written the text.
        CaseClosed: The case was decided.
        CaseSuperseded: The case was closed with its subject.
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
        _check_open(case)
        raise CaseTaken
    publish_changes(CaseStep.CLAIMED, [case])
    log.info("case_claimed", case_id=str(case_id), actor_id=str(actor_id))
    return case


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
        CaseSuperseded: The subject of the case has ended, so the ruling has no effect.
        CaseTaken: Another moderator holds it.
    """
    ruling = _ruling(outcome)
    reason = clean(reason, max_length=_REASON_LENGTH, field="reason")
    note = clean(note, max_length=_NOTE_LENGTH, field="note") if note.strip() else ""
    case = get_case(case_id=case_id, scope_ids=scope_ids)
    by = _By(actor_id, scope_ids, ruling, reason, note)
    try:
        _rule(case, by)
    except CaseSuperseded as refusal:
        _close(case, refusal.reason)
        log.info("ruling_refused", case_id=str(case_id), reason=refusal.reason)
        raise
    # Written only if the ruling took effect and is committed.
    log.info(
        "case_decided",
        case_id=str(case_id),
        subject_id=str(case.subject_id),
        revision=case.revision,
        actor_id=str(actor_id),
        outcome=ruling.value,
    )
    return get_case(case_id=case_id, scope_ids=None)


class _By(NamedTuple):
    actor_id: UUID
    scope_ids: Scopes
    outcome: Outcome
    reason: str
    note: str


@retry_on_deadlock
@transaction.atomic
def _rule(case: Case, by: _By) -> None:
    publish(ReviewStarted(subject_type=case.subject_type, subject_id=case.subject_id))
    locked = _locked(actor_id=by.actor_id, case_id=case.pk, scope_ids=by.scope_ids)
    _decide(locked, by)
    if locked.is_blind:
        _reveal(locked)
    _log(locked, by.outcome)
    publish(
        CaseDecided(
            case_id=locked.id,
            subject_type=locked.subject_type,
            subject_id=locked.subject_id,
            revision=locked.revision,
            outcome=by.outcome,
            actor_id=by.actor_id,
        )
    )
    publish_changes(CaseStep.DECIDED, [locked])


@transaction.atomic
def _close(case: Case, reason: str) -> None:
    """Close a case that was left open although its subject had ended."""
    close_cases(
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        revisions=[case.revision],
        reason=CloseReason(reason),
    )


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
    _check_open(case)
    if not _free(actor_id).filter(pk=case_id).exists():
        raise CaseTaken
    return case


def _check_not_party(case: Case, actor_id: UUID) -> None:
    if case.author_id == actor_id:
        raise OwnCase


def _check_open(case: Case) -> None:
    if case.state == Case.State.DECIDED:
        raise CaseClosed
    if case.state == Case.State.CLOSED:
        raise CaseSuperseded(case.close_reason)


def _decide(case: Case, by: _By) -> None:
    texts = {**texts_of([case])[case.pk].content, "reason": by.reason, "note": by.note}
    Case.objects.filter(pk=case.pk).update(
        state=Case.State.DECIDED,
        outcome=by.outcome,
        commitment=put_text(Kind.CASE, case.pk, case, texts),
        text="",
        reason="",
        note="",
        decided_by=by.actor_id,
        decided_at=Now(),
        claimed_by=None,
        claimed_until=None,
        version=F("version") + 1,
    )
    case.reason, case.note, case.decided_by_id = by.reason, by.note, by.actor_id


def _reveal(case: Case) -> None:
    """Show what the verdict was, now that it cannot influence the ruling."""
    lines = ModerationLog.objects.filter(
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        revision=case.revision,
        actor=None,
    )
    line = lines.order_by("created_at", "id").last()
    if line is not None:
        case.score, case.categories = line.score, sorted(line.categories)
        Case.objects.filter(pk=case.pk).update(score=case.score, categories=case.categories)


def _log(case: Case, outcome: Outcome) -> None:
    line_id, about = new_id(), {"case": str(case.id)}
    texts = {"raw": {**about, "reason": case.reason, "note": case.note}}
    ModerationLog.objects.create(
        id=line_id,
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
        commitment=put_text(Kind.LOG, line_id, case, texts),
        raw=about,
    )
