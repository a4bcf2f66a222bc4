"""Decides appeals, and tells the appellants: never by the person who decided first."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Model, QuerySet

from moderado.core.database import retry_on_deadlock
from moderado.core.errors import NotFound
from moderado.enforcement.errors import (
    AppealDecided,
    DecidedByRuling,
    OwnRuling,
    RulingReplaced,
    SanctionEnded,
)
from moderado.enforcement.models import (
    Appeal,
    Purge,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.enforcement.selectors.appeals import in_own_queues, in_rooms
from moderado.enforcement.selectors.parties import lengtheners
from moderado.enforcement.selectors.restricted import appeals_for_others
from moderado.enforcement.services.appeal_outcomes import decide_appeals, notify_appellants
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.fairness import (
    check_may_decide,
    check_not_self,
    check_other_decider,
)
from moderado.enforcement.services.purges import reverse_purge
from moderado.enforcement.services.repeated_rulings import is_decided_so
from moderado.enforcement.services.rulings import reverse
from moderado.enforcement.services.sanctions import lift_sanction, lift_sanctions_of_ruling
from moderado.enforcement.services.shown_words import check_shown_words
from moderado.enforcement.services.suspensions import lift_suspension
from moderado.enforcement.types import (
    SHOWING,
    Actor,
    AppealOutcome,
    AppealState,
    ContentOutcome,
    DecisionType,
    SanctionEnd,
)
from moderado.enforcement.written_reasons import clean_note, clean_reason

log = structlog.get_logger(__name__)

_TAKEN_BACK: dict[DecisionType, type[Model]] = {
    DecisionType.SANCTION: Sanction,
    DecisionType.SUSPENSION: ReportingSuspension,
    DecisionType.PURGE: Purge,
}


@retry_on_deadlock
@transaction.atomic
def decide_appeal(
    *, actor: Actor, appeal_id: UUID, outcome: AppealOutcome, reason: str, public_note: str = ""
) -> Appeal:
    """Decide an appeal. Overturning undoes all that followed from the first decision.

    A repeat of the moderator who has decided it, in the same words, has no effect.

    Args:
        actor: The moderator, with the rooms in which they may decide appeals.
        appeal_id: The appeal.
        outcome: UPHELD or OVERTURNED, of the first decision.
        reason: 1 to 64 characters, for staff; a category may be named to people.
        public_note: For the appellant, at most 2,000 characters.

    Raises:
        NotFound: There is no such appeal in these rooms and the actor's queues.
        OwnCase: The actor has appealed, or the decision is about the actor.
        OwnReport: The actor has reported the subject.
        OwnRuling: The actor made the first decision, or lengthened a sanction of it.
        AppealDecided: It was decided already.
        DecidedByRuling: A ruling on its case decides it.
        Invalid: Reason or note.
    """
    reason = clean_reason(reason)
    note = clean_note(public_note)
    appeal = _get_appeal(actor, appeal_id)
    if appeal.state != AppealState.OPEN:
        if is_decided_so(appeal, actor_id=actor.id, outcome=outcome, words=(reason, note)):
            return appeal
        raise AppealDecided
    if appeal.case_id is not None:
        raise DecidedByRuling
    check_shown_words(actor.scope_ids, public_note=note)
    if appeal.appealed is not None:
        check_words_about([appeal.appealed.author_id, appeal.subject_id], reason, note)
    reversal_id = _decide(actor, appeal, outcome, reason)
    mine = Appeal.objects.filter(pk=appeal_id)
    if reversal_id is None:  # the appeal may be about the actor's own reversal by now
        _get_appeal(actor, appeal_id)
    mine.update(reason=reason, public_note=note)
    notify_appellants(mine)
    write_line(
        actor_id=actor.id,
        action="appeal_decided",
        subject_type="appeal",
        subject_id=appeal_id,
        outcome=outcome.value,
        decision=str(appeal.decision_id),
    )
    return mine.get()


def _decide(actor: Actor, appeal: Appeal, outcome: AppealOutcome, reason: str) -> UUID | None:
    """Decide an appeal with what follows; return the reversal of a ruling, if there is one.

    Raises:
        AppealDecided: Another decision was faster.
    """
    mine = Appeal.objects.filter(pk=appeal.pk)
    waiting = mine.filter(state=AppealState.OPEN)
    taken_back = _TAKEN_BACK.get(DecisionType(appeal.decision_type))
    if taken_back is not None:
        # What takes the decision back decides its appeal (`decide_appeal_of`), in this order.
        rows: QuerySet[Any] = taken_back._default_manager.filter(pk=appeal.decision_id)  # noqa: SLF001  (documented)
        rows.select_for_update(of=("self",), no_key=True).first()
        if not decide_appeals(waiting, outcome, actor.id):
            raise AppealDecided
        return _overturn(actor, appeal, reason) if outcome is AppealOutcome.OVERTURNED else None
    reversal_id = None
    if outcome is AppealOutcome.OVERTURNED:
        reversal_id = _overturn(actor, appeal, reason)  # which may decide the appeal itself
    if not decide_appeals(waiting, outcome, actor.id) and not (
        reversal_id and mine.filter(ruling=reversal_id).exists()
    ):
        raise AppealDecided
    return reversal_id


def _get_appeal(actor: Actor, appeal_id: UUID) -> Appeal:
    """Return an appeal in which the moderator is no party.

    Raises:
        NotFound: There is no such appeal in these rooms and the actor's queues.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
    """
    found = Appeal.objects.select_related("appealed__case").filter(pk=appeal_id)
    if actor.scope_ids is not None:
        found = in_rooms(found, actor.scope_ids)
    found = in_own_queues(found, actor)
    appeal = (found if actor.sees_restricted else appeals_for_others(found)).first()
    if appeal is None:
        raise NotFound
    check_not_self(actor_id=actor.id, user_id=appeal.appellant_id)
    check_other_decider(actor_id=actor.id, decided_by_id=appeal.first_decider_id)
    if lengtheners(appeal.decision_id).filter(lengthened_by__contains=[actor.id]).exists():
        raise OwnRuling
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
