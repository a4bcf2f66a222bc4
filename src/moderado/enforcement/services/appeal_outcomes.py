"""What follows from rulings and from the end of their subjects for appeals: handlers of events.

All run in the transaction of their event.
"""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import translation

from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.enforcement.events import (
    PersonNotice,
    PersonNotified,
    RulingEvent,
    RulingMade,
    RulingReversed,
    RulingSettled,
    RulingUndone,
    SanctionLifted,
)
from moderado.enforcement.models import Appeal, CaseExclusion, Report, Ruling, Sanction
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.services.appeal_events import publish_appeals
from moderado.enforcement.services.appeal_sights import publish_seen
from moderado.enforcement.services.decision_notices import notice_of
from moderado.enforcement.services.fairness import exclude_from_case
from moderado.enforcement.services.person_changes import record_changes
from moderado.enforcement.services.report_outcomes import decide_reports
from moderado.enforcement.types import (
    SHOWING,
    AppealOutcome,
    AppealState,
    ContentOutcome,
    DecisionType,
    OwnThing,
    ReportOutcome,
    SanctionEnd,
)
from moderado.moderation.events import CasesChanged, CaseStep
from moderado.moderation.models import Case

_KEEPS_WAITING = frozenset({*SHOWING, ContentOutcome.HOLD})  # contents that take no action


def on_ruling_made(event: RulingMade) -> None:
    """Decide the appeals that joined the case. Their appellants are notified once it is settled.

    Requires a transaction.
    """
    require_transaction()
    waiting = Appeal.objects.filter(case=event.case_id, state=AppealState.OPEN)
    if not waiting.exists():
        return
    for appeals, outcome in _outcomes(waiting, event.content, event.ruling_id):
        decide_appeals(appeals, outcome, event.actor_id, event.ruling_id)


def on_ruling_undone(event: RulingUndone) -> None:
    """Open the appeals again that the ruling decided. Requires a transaction."""
    require_transaction()
    _reopen(Appeal.objects.filter(ruling=event.ruling_id, told_at=None))


def on_ruling_reversed(event: RulingReversed) -> None:
    """Decide the appeals of a ruling that was reversed, and tell the author.

    The appeals that it had decided are open again with the case, or as the reversal decides.
    Requires a transaction.
    """
    require_transaction()
    reversal = Ruling.objects.select_related("case").get(pk=event.reversal_id)
    _decide_again(event, reversal)
    _decide_appealed(event, reversal)
    _notify_author(event)


def _decide_appealed(event: RulingReversed, reversal: Ruling) -> None:
    """Decide the appeals of the ruling that was reversed."""
    appealed = Appeal.objects.filter(appealed=event.ruling_id, state=AppealState.OPEN)
    if not appealed.exists():
        return
    kept = appealed.filter(decision_type=DecisionType.REPORT)
    if reversal.content in _KEEPS_WAITING:
        _keep_waiting(kept, reversal)
        appealed = appealed.exclude(decision_type=DecisionType.REPORT)
    decide_appeals(appealed, AppealOutcome.OVERTURNED, event.actor_id, reversal.pk)


def on_ruling_settled(event: RulingSettled) -> None:
    """Tell the appellants whose appeals the ruling decided. Requires a transaction."""
    require_transaction()
    decided = Appeal.objects.filter(ruling=event.ruling_id, told_at=None)
    if not decided.exists():
        return
    reports = decided.filter(decision_type=DecisionType.REPORT, case__isnull=False)
    for outcome, is_action in ((AppealOutcome.OVERTURNED, True), (AppealOutcome.UPHELD, False)):
        theirs = reports.filter(outcome=outcome).values("decision_id")
        decide_reports(
            Report.objects.filter(pk__in=theirs),
            outcome=ReportOutcome.ACTION if is_action else ReportOutcome.NO_ACTION,
            is_upheld=is_action,
            ruling_id=event.ruling_id,
        )
    notify_appellants(decided)


def on_sanction_lifted(event: SanctionLifted) -> None:
    """Decide the appeal of a sanction without a ruling that was taken back otherwise.

    Requires a transaction.
    """
    require_transaction()
    if event.end is SanctionEnd.EXPIRED:
        return
    lifted_by = Sanction.objects.values_list("lifted_by", flat=True).get(pk=event.sanction_id)
    decide_appeal_of(DecisionType.SANCTION, event.sanction_id, actor_id=lifted_by)


def decide_appeal_of(kind: DecisionType, decision_id: UUID, *, actor_id: UUID | None) -> None:
    """Decide the open appeal of a decision that is taken back, and tell the appellant.

    Requires a transaction: that of the decision's end.

    Args:
        kind: Of the decision.
        decision_id: The decision.
        actor_id: Who has taken it back; None for the server itself.
    """
    require_transaction()
    about = Appeal.objects.filter(decision_type=kind, decision_id=decision_id)
    waiting = about.filter(state=AppealState.OPEN)
    if waiting.exists() and decide_appeals(waiting, AppealOutcome.OVERTURNED, actor_id):
        notify_appellants(about.filter(state=AppealState.DECIDED))


def on_cases_changed(event: CasesChanged) -> None:
    """End the appeals whose subject ended before a decision.

    They are open again if the subject comes back.
    """
    closed = [each.case_id for each in event.changes if each.step is CaseStep.CLOSED]
    if closed:
        _end(Appeal.objects.filter(case__in=closed, state=AppealState.OPEN))
    returned = [each.case_id for each in event.changes if each.step is CaseStep.RETURNED]
    if returned:
        ended = Appeal.objects.filter(case__in=returned, state=AppealState.DECIDED)
        _reopen(ended.filter(outcome=AppealOutcome.ENDED))


def _keep_waiting(appeals: "QuerySet[Appeal]", reversal: Ruling) -> None:
    """Keep appeals open that no action was taken on a report: the reversal takes none either.

    From now on they are about the reversal, whose moderator does not decide them; or a ruling on
    the case decides them if that is open again.
    """
    if reversal.content == ContentOutcome.HOLD:
        appeals.update(case=reversal.case_id)
    elif appeals.update(appealed=reversal) and reversal.actor_id is not None:
        exclude_from_case(
            case=reversal.case, user_id=reversal.actor_id, reason=CaseExclusion.Reason.DECIDER
        )


def _decide_again(event: RulingReversed, reversal: Ruling) -> None:
    """Take back what a reversed ruling decided about the appeals that had joined its case."""
    decided = Appeal.objects.filter(ruling=event.ruling_id, case__isnull=False)
    if reversal.content == ContentOutcome.HOLD:  # the case is open again
        _reopen(decided)
        return
    if not decided.exists():
        return
    for appeals, outcome in _outcomes(decided, reversal.content, reversal.pk):
        changed = appeals.exclude(outcome=outcome)
        appeals.filter(outcome=outcome, told_at=None).update(ruling=reversal)
        decide_appeals(changed, outcome, event.actor_id, reversal.pk, told_at=None)


def _reopen(appeals: "QuerySet[Appeal]") -> None:
    """Let the next decision decide appeals; their appellants are notified of that one.

    Appeals whose subject ended meanwhile end with it. The transaction holds the locks of the cases.
    """
    _end(appeals.filter(case__state=Case.State.CLOSED))
    reopened = list(appeals.exclude(case__state=Case.State.CLOSED))
    Appeal.objects.filter(pk__in=[each.pk for each in reopened]).update(
        state=AppealState.OPEN,
        outcome="",
        decided_by=None,
        decided_at=None,
        ruling=None,
        told_at=None,
    )
    record_changes([(each.appellant_id, OwnThing.APPEAL, each.pk) for each in reopened])
    publish_appeals(reopened)


def _end(appeals: "QuerySet[Appeal]") -> None:
    """Decide appeals whose subject has ended, and tell the appellants."""
    ended = Appeal.objects.filter(pk__in=list(appeals.values_list("pk", flat=True)))
    decide_appeals(ended, AppealOutcome.ENDED, None, told_at=None)
    notify_appellants(ended)


def _outcomes(
    appeals: "QuerySet[Appeal]", content: str, ruling_id: UUID
) -> list[tuple["QuerySet[Appeal]", AppealOutcome]]:
    """Return what a ruling on their case decides about appeals, by kind."""
    has_measures = Sanction.objects.filter(ruling=ruling_id).exists()
    is_hidden = content == ContentOutcome.REMOVE
    return [
        (appeals.filter(decision_type=DecisionType.VERDICT), _outcome(not is_hidden)),
        (appeals.filter(decision_type=DecisionType.REPORT), _outcome(is_hidden or has_measures)),
    ]


def _outcome(is_overturned: bool) -> AppealOutcome:  # noqa: FBT001  (it says itself)
    return AppealOutcome.OVERTURNED if is_overturned else AppealOutcome.UPHELD


def decide_appeals(
    appeals: "QuerySet[Appeal]",
    outcome: AppealOutcome,
    actor_id: UUID | None,
    ruling_id: UUID | None = None,
    **columns: object,
) -> int:
    """Store what became of appeals; return how many there were. Tells no appellant yet.

    Frames tell those who might have decided the open ones.

    Args:
        appeals: The appeals.
        outcome: What became of the first decision.
        actor_id: Who decided; None if the subject has ended.
        ruling_id: The ruling that decided, if it was one.
        columns: Further columns to store.
    """
    waiting = list(appeals.filter(state=AppealState.OPEN).only("id", "scope_id"))
    if waiting:  # whose subject may end with them, so that others see neither
        publish_seen(Q(pk__in=[each.pk for each in waiting]))
    decided = appeals.update(
        state=AppealState.DECIDED,
        outcome=outcome,
        decided_by=actor_id,
        decided_at=Now(),
        ruling=ruling_id,
        **columns,
    )
    publish_appeals(waiting)
    return decided


def notify_appellants(appeals: "QuerySet[Appeal]") -> None:
    """Tell the appellants of these appeals, each once. Requires a transaction."""
    require_transaction()
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
    notice = notice_of(PersonNotice.DECISION_REVERSED, event.author_id, event.ruling_id)
    if notice is not None:
        publish(notice)
