"""Decides a case, takes a decision back, and logs both. `enforcement` decides who may.

The owner of the subject applies the decision in the same transaction, and notes what it changed.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F
from django.db.models.functions import Now

from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.moderation.events import CaseDecided, CaseStep, DecisionUndone
from moderado.moderation.models import Case, ErasableText, ModerationLog
from moderado.moderation.restricted_cases import RESTRICTED
from moderado.moderation.services.case_events import publish_changes
from moderado.moderation.services.texts import Kind, put_text
from moderado.moderation.texts import texts_of
from moderado.moderation.types import Category, Outcome, Reason

DECIDED_BY = "moderator"
UNDONE_BY = "undone"  # the step of a log line that takes a ruling back
# In `Case.before_ruling`: others saw the subject; and: now, or before an earlier ruling hid it.
IS_SHOWN = "is_shown"
WAS_SEEN = "was_seen"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a moderator decides: ALLOW, FLAG or BLOCK, and why."""

    actor_id: UUID
    outcome: Outcome
    reason: str
    note: str = ""
    is_reversal: bool = False  # of an earlier decision; the subject may have ended since
    sweep_id: UUID | None = None  # of a decision about many cases


def decide(case: Case, decision: Decision) -> None:
    """Store a decision and have it applied to the subject. Writes the log.

    Requires a transaction that holds the locks of the subject and of the case.

    Raises:
        CaseSuperseded: The subject has ended, without reports, and this is no reversal.
        OwnCase: The subject belongs to the moderator, by what its owner knows.
    """
    require_transaction()
    texts = {**_locked_texts(case), "reason": decision.reason, "note": decision.note}
    Case.objects.filter(pk=case.pk).update(
        state=Case.State.DECIDED,
        outcome=decision.outcome,
        commitment=put_text(Kind.CASE, case.pk, case, texts),
        text="",
        reason="",
        note="",
        before_ruling=None,
        decided_by=decision.actor_id,
        decided_at=Now(),
        claimed_by=None,
        claimed_until=None,
        version=F("version") + 1,
    )
    if case.is_blind and not decision.is_reversal:
        _reveal(case)
    _log(case, decision.outcome, DECIDED_BY, decision)
    publish(
        CaseDecided(
            case_id=case.id,
            subject_type=case.subject_type,
            subject_id=case.subject_id,
            revision=case.revision,
            outcome=decision.outcome,
            actor_id=decision.actor_id,
            is_reversal=decision.is_reversal,
            is_reported=case.is_reported,
            sweep_id=decision.sweep_id,
            category=decision.reason if decision.reason in set(Category) else "",
        )
    )
    publish_changes(CaseStep.DECIDED, [case])


def remember_before(*, case_id: UUID, state: Mapping[str, Any]) -> None:
    """Keep what the owner of a subject needs to undo the decision on a case.

    Requires a transaction: that of `CaseDecided`.
    """
    require_transaction()
    Case.objects.filter(pk=case_id).update(before_ruling=state)


def undo_decision(case: Case, *, actor_id: UUID, lease: timedelta | None) -> None:
    """Open a decided case again, and have the subject restored.

    Requires a transaction that holds the locks of the subject and of the case. No other case of
    the revision is open.

    Args:
        case: The case.
        actor_id: The moderator who takes the decision back.
        lease: How long the actor has a claim on the case; None for no claim.
    """
    require_transaction()
    before = case.before_ruling or {}
    content = _locked_texts(case)
    hidden = _hidden_again(case) if case.is_blind else {}
    Case.objects.filter(pk=case.pk).update(
        state=Case.State.OPEN,
        outcome="",
        commitment=put_text(Kind.CASE, case.pk, case, {**content, "reason": "", "note": ""}),
        before_ruling=None,
        decided_by=None,
        decided_at=None,
        claimed_by=None if lease is None else actor_id,
        claimed_until=None if lease is None else Now() + lease,
        version=F("version") + 1,
        **hidden,
    )
    outcome = Outcome.FLAG if before.get(IS_SHOWN, True) else Outcome.HOLD
    _log(case, outcome, UNDONE_BY, Decision(actor_id=actor_id, outcome=outcome, reason=""))
    publish(
        DecisionUndone(
            case_id=case.id,
            subject_type=case.subject_type,
            subject_id=case.subject_id,
            revision=case.revision,
            actor_id=actor_id,
            before=before,
        )
    )
    publish_changes(CaseStep.OPENED, [case])


def _locked_texts(case: Case) -> Mapping[str, Any]:
    """Return the texts of a case; an erasure at the same moment waits, or has emptied them."""
    stored = ErasableText.objects.select_for_update(of=("self",), no_key=True).filter(pk=case.pk)
    return texts_of([case], stored=list(stored))[case.pk].content


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
        case.score = line.score
        case.categories = sorted({*line.categories, *case.categories})
        Case.objects.filter(pk=case.pk).update(score=case.score, categories=case.categories)


def _hidden_again(case: Case) -> dict[str, Any]:
    """Return what a blind case shows until the next ruling: what decides who sees it, no more."""
    joined = Case.objects.values_list("categories", flat=True).get(pk=case.pk)
    return {"score": 0.0, "categories": sorted(RESTRICTED.intersection(joined))}


def _log(case: Case, outcome: Outcome, step: str, decision: Decision) -> None:
    line_id, about = new_id(), {"case": str(case.id)}
    texts = {"raw": {**about, "reason": decision.reason, "note": decision.note}}
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
        decided_by=step,
        actor_id=decision.actor_id,
        commitment=put_text(Kind.LOG, line_id, case, texts),
        raw=about,
    )
