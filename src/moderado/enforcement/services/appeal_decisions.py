"""Decides appeals, and tells the appellants: never by the person who decided first."""

from contextlib import suppress
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import translation

from moderado.accounts.models import User
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import NotFound
from moderado.core.events import publish
from moderado.enforcement.errors import (
    AppealDecided,
    DecidedByRuling,
    RulingReplaced,
    SanctionEnded,
)
from moderado.enforcement.events import (
    PersonNotice,
    PersonNotified,
    RulingEvent,
    RulingMade,
    RulingReversed,
    RulingSettled,
    RulingUndone,
)
from moderado.enforcement.models import Appeal, Report, Ruling, Sanction
from moderado.enforcement.selectors.decisions import appeal_view, decision_about
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.fairness import (
    check_may_decide,
    check_not_self,
    check_other_decider,
)
from moderado.enforcement.services.purges import reverse_purge
from moderado.enforcement.services.report_outcomes import decide_reports
from moderado.enforcement.services.rulings import reverse
from moderado.enforcement.services.sanctions import lift_sanction, lift_sanctions_of_ruling
from moderado.enforcement.services.suspensions import lift_suspension
from moderado.enforcement.types import (
    SHOWING,
    Actor,
    AppealOutcome,
    AppealState,
    ContentOutcome,
    DecisionType,
    ReportOutcome,
    SanctionEnd,
)
from moderado.enforcement.written_reasons import clean_note, clean_reason
from moderado.moderation.events import CasesChanged, CaseStep
from moderado.moderation.restricted_cases import about_unrestricted

log = structlog.get_logger(__name__)


@retry_on_deadlock
@transaction.atomic
def decide_appeal(
    *, actor: Actor, appeal_id: UUID, outcome: AppealOutcome, reason: str, public_note: str = ""
) -> Appeal:
    """Decide an appeal. Overturning undoes all that followed from the first decision.

    Args:
        actor: The moderator, with the rooms in which they may decide appeals.
        appeal_id: The appeal.
        outcome: UPHELD or OVERTURNED, of the first decision.
        reason: 1 to 64 characters, for staff.
        public_note: For the appellant, at most 2,000 characters.

    Raises:
        NotFound: There is no such appeal in these rooms.
        OwnCase: The actor has appealed, or the decision is about the actor.
        OwnReport: The actor has reported the subject.
        OwnRuling: The actor made the first decision.
        AppealDecided: It was decided already.
        DecidedByRuling: A ruling on its case decides it.
        Invalid: Reason or note.
    """
    reason = clean_reason(reason)
    note = clean_note(public_note)
    appeal = _get_appeal(actor, appeal_id)
    if appeal.state != AppealState.OPEN:
        raise AppealDecided
    if appeal.case_id is not None:
        raise DecidedByRuling
    reversal_id = None
    if outcome is AppealOutcome.OVERTURNED:
        reversal_id = _overturn(actor, appeal, reason)  # which may decide the appeal itself
    mine = Appeal.objects.filter(pk=appeal_id)
    if not _decide(mine.filter(state=AppealState.OPEN), outcome, actor.id) and not (
        reversal_id and mine.filter(ruling=reversal_id).exists()
    ):
        raise AppealDecided  # another decision was faster: nothing of this is stored
    mine.update(reason=reason, public_note=note)
    _notify(mine)
    write_line(
        actor_id=actor.id,
        action="appeal_decided",
        subject_type="appeal",
        subject_id=appeal_id,
        outcome=outcome.value,
        decision=str(appeal.decision_id),
    )
    return mine.get()


def on_ruling_made(event: RulingMade) -> None:
    """Decide the appeals that joined the case. Their appellants hear of it once it is settled.

    Requires a transaction.
    """
    require_transaction()
    waiting = Appeal.objects.filter(case=event.case_id, state=AppealState.OPEN)
    has_measures = Sanction.objects.filter(ruling=event.ruling_id).exists()
    is_hidden = event.content == ContentOutcome.REMOVE
    verdicts = waiting.filter(decision_type=DecisionType.VERDICT)
    _decide(verdicts, _outcome(not is_hidden), event.actor_id, event.ruling_id)
    reports = waiting.filter(decision_type=DecisionType.REPORT)
    _decide(reports, _outcome(is_hidden or has_measures), event.actor_id, event.ruling_id)


def on_ruling_undone(event: RulingUndone) -> None:
    """Open the appeals again that the ruling decided. Requires a transaction."""
    require_transaction()
    Appeal.objects.filter(ruling=event.ruling_id, told_at=None).update(
        state=AppealState.OPEN, outcome="", decided_by=None, decided_at=None, ruling=None
    )


def on_ruling_reversed(event: RulingReversed) -> None:
    """Overturn the appeals of a ruling that was reversed, and tell the author.

    Requires a transaction.
    """
    require_transaction()
    appealed = Appeal.objects.filter(appealed=event.ruling_id, state=AppealState.OPEN)
    _decide(appealed, AppealOutcome.OVERTURNED, event.actor_id, event.reversal_id)
    _notify_author(event)


def on_ruling_settled(event: RulingSettled) -> None:
    """Tell the appellants whose appeals the ruling decided. Requires a transaction."""
    require_transaction()
    decided = Appeal.objects.filter(ruling=event.ruling_id, told_at=None)
    reports = decided.filter(
        decision_type=DecisionType.REPORT, outcome=AppealOutcome.OVERTURNED, case__isnull=False
    )
    decide_reports(
        Report.objects.filter(pk__in=reports.values("decision_id")),
        outcome=ReportOutcome.ACTION,
        is_upheld=True,
        ruling_id=event.ruling_id,
    )
    _notify(decided)


def on_cases_changed(event: CasesChanged) -> None:
    """End the appeals whose subject ended before a decision."""
    closed = [each.case_id for each in event.changes if each.step is CaseStep.CLOSED]
    if closed:
        waiting = Appeal.objects.filter(case__in=closed, state=AppealState.OPEN)
        ids = list(waiting.values_list("id", flat=True))
        _decide(waiting, AppealOutcome.ENDED, None)
        _notify(Appeal.objects.filter(pk__in=ids))


def _get_appeal(actor: Actor, appeal_id: UUID) -> Appeal:
    """Return an appeal in which the moderator is no party.

    Raises:
        NotFound: There is no such appeal in these rooms.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
    """
    found = Appeal.objects.select_related("appealed__case").filter(pk=appeal_id)
    appeal = (found if actor.sees_restricted else about_unrestricted(found)).first()
    if appeal is None or (actor.scope_ids is not None and appeal.scope_id not in actor.scope_ids):
        raise NotFound
    check_not_self(actor_id=actor.id, user_id=appeal.appellant_id)
    check_other_decider(actor_id=actor.id, decided_by_id=appeal.first_decider_id)
    if appeal.appealed is not None:
        check_may_decide(actor_id=actor.id, case=appeal.appealed.case)
    return appeal


def _overturn(actor: Actor, appeal: Appeal, reason: str) -> UUID | None:
    """Undo the first decision; return the reversal if it was a ruling."""
    match DecisionType(appeal.decision_type):
        case DecisionType.SANCTION:
            with suppress(SanctionEnded):  # its term is over: nothing is left to lift
                lift_sanction(
                    actor_id=actor.id,
                    sanction_id=appeal.decision_id,
                    reason=reason,
                    end=SanctionEnd.UNDONE,
                )
        case DecisionType.PURGE:
            with suppress(RulingReplaced):  # it is being reversed already
                reverse_purge(actor=actor, purge_id=appeal.decision_id, reason=reason)
        case DecisionType.SUSPENSION:
            lift_suspension(actor_id=actor.id, suspension_id=appeal.decision_id, reason=reason)
        case DecisionType.RULING if appeal.appealed and appeal.appealed.content in SHOWING:
            return _overturn_measures(actor, appeal.appealed, reason)
        case _:
            if appeal.appealed is not None:
                is_shown = appeal.appealed.content in SHOWING  # and its reporter has appealed that
                return reverse(
                    actor=actor,
                    ruling_id=appeal.appealed.id,
                    reason=reason,
                    content=ContentOutcome.REMOVE if is_shown else ContentOutcome.ALLOW,
                ).id
    return None


def _overturn_measures(actor: Actor, ruling: Ruling, reason: str) -> UUID | None:
    """Reverse a ruling that left the text: its author has appealed the sanctions alone.

    If a later ruling says something else of the text, that stands.
    """
    try:
        content = ContentOutcome(ruling.content)
        return reverse(actor=actor, ruling_id=ruling.id, reason=reason, content=content).id
    except RulingReplaced:
        lift_sanctions_of_ruling(actor_id=actor.id, ruling_id=ruling.id, reason="reversed")
        return None


def _outcome(is_overturned: bool) -> AppealOutcome:  # noqa: FBT001  (it says itself)
    return AppealOutcome.OVERTURNED if is_overturned else AppealOutcome.UPHELD


def _decide(
    appeals: "QuerySet[Appeal]",
    outcome: AppealOutcome,
    actor_id: UUID | None,
    ruling_id: UUID | None = None,
) -> int:
    return appeals.update(
        state=AppealState.DECIDED,
        outcome=outcome,
        decided_by=actor_id,
        decided_at=Now(),
        ruling=ruling_id,
    )


def _notify(appeals: "QuerySet[Appeal]") -> None:
    ids = list(appeals.filter(told_at=None).values_list("id", flat=True))
    Appeal.objects.filter(pk__in=ids).update(told_at=Now())
    _publish(Appeal.objects.filter(pk__in=ids).order_by("id"))


def _publish(appeals: "QuerySet[Appeal]") -> None:
    for appeal in appeals.select_related("appellant"):
        with translation.override(appeal.appellant.language):
            view = appeal_view(appeal)
        publish(
            PersonNotified(
                user_id=appeal.appellant_id, notice=PersonNotice.APPEAL_DECIDED, body=view
            )
        )


def _notify_author(event: RulingEvent) -> None:
    if event.author_id is None:
        return
    author = User.objects.get(pk=event.author_id)
    with translation.override(author.language):
        decision = decision_about(author.pk, event.ruling_id)
    if decision is not None:
        publish(
            PersonNotified(
                user_id=author.pk,
                notice=PersonNotice.DECISION_REVERSED,
                body=decision.view,
            )
        )
