"""The people affected appeal a decision, once, within `APPEAL_DAYS`.

An appeal of an automatic verdict, or of a report about a person or room, joins a case: the ruling
on it decides the appeal. Appeals of other decisions are decided directly (`appeal_decisions`).
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from moderado.accounts.services.accounts import active_account
from moderado.core import clock
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import NotFound
from moderado.core.text import clean, normalized
from moderado.enforcement.appeal_terms import appeal_end
from moderado.enforcement.errors import AlreadyAppealed, AppealExpired, NotAppealable
from moderado.enforcement.models import (
    Appeal,
    CaseExclusion,
    Purge,
    Report,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.enforcement.selectors.decisions import decision_about
from moderado.enforcement.selectors.verdict_decisions import Decision
from moderado.enforcement.services.appeal_events import publish_appeals
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.fairness import exclude_from_case
from moderado.enforcement.services.person_changes import appealed_thing, record_changes
from moderado.enforcement.services.subject_locks import lock_subject
from moderado.enforcement.types import SHOWING, DecisionType, OwnThing, ReportOutcome
from moderado.moderation.models import Case

log = structlog.get_logger(__name__)

TEXT_LENGTH = 2_000
_DECISIONS: dict[DecisionType, type[Model]] = {
    DecisionType.RULING: Ruling,
    DecisionType.SANCTION: Sanction,
    DecisionType.SUSPENSION: ReportingSuspension,
    DecisionType.PURGE: Purge,
}


@retry_on_deadlock
@transaction.atomic
def appeal_decision(*, user_id: UUID, decision_id: UUID, text: str) -> tuple[Appeal, bool]:
    """Appeal a decision about oneself. A repeat with the same text returns the first appeal.

    Args:
        user_id: The person.
        decision_id: As `me/decisions/` shows it.
        text: 1 to 2,000 characters.

    Returns:
        The appeal, and whether it is new.

    Raises:
        NotAuthenticated: The person's account was deactivated meanwhile.
        NotFound: There is no such decision about the person.
        AlreadyAppealed: It was appealed with another text.
        NotAppealable: It has no consequences, or none any more.
        AppealExpired: The time to appeal is over.
        Invalid: The text.
    """
    if (first := _repeat(user_id, decision_id, text)) is not None:
        return first, False
    decision = _standing(user_id, decision_id)
    text = clean(text, max_length=TEXT_LENGTH, field="text")
    view = decision.view
    if view.is_reversed or view.is_being_reversed:
        raise NotAppealable
    if view.appeal_until is None:
        raise NotAppealable
    if view.appeal_until <= clock.estimated():
        raise AppealExpired
    columns: dict[str, Any] = {
        "decision_type": view.type,
        "subject_type": view.subject_type,
        "subject_id": view.subject,
        "scope_id": view.room,
        "first_decider_id": decision.decided_by,
        "appealed": decision.ruling,
    }
    if view.type == DecisionType.VERDICT:
        columns["case"] = _case_of_verdict(user_id, decision)
    elif decision.ruling is not None and decision.decided_by is not None:
        exclude_from_case(
            case=decision.ruling.case,
            user_id=decision.decided_by,
            reason=CaseExclusion.Reason.DECIDER,
        )
    return _store(user_id, decision_id, text, columns), True


@retry_on_deadlock
@transaction.atomic
def appeal_report(*, user_id: UUID, report_id: UUID, text: str) -> tuple[Appeal, bool]:
    """Appeal that no action was taken on one's own report. Otherwise as `appeal_decision`.

    It is about the ruling that holds: a reversal that takes no action either, from the moment that
    it is made, as for an appeal that was made before.

    Raises:
        NotFound: The person has made no such report.
        NotAppealable: The report is open, or action was taken; or a reversal that is not settled
            yet says so.
        AlreadyAppealed, AppealExpired, Invalid: As for decisions.
        AccountErased: The report is about an account that is erased.
    """
    if (first := _repeat(user_id, report_id, text)) is not None:
        return first, False
    report, ruling = _locked_report(user_id, report_id)
    text = clean(text, max_length=TEXT_LENGTH, field="text")
    if report.outcome != ReportOutcome.NO_ACTION or report.decided_at is None:
        raise NotAppealable
    if ruling is not None and ruling.pk != report.ruling_id and ruling.content not in SHOWING:
        raise NotAppealable
    if appeal_end(report.decided_at) <= clock.estimated():
        raise AppealExpired
    check_words_about([report.case.author_id, report.subject_id], text)
    decider_id = ruling.actor_id if ruling is not None else None
    columns: dict[str, Any] = {
        "decision_type": DecisionType.REPORT,
        "subject_type": report.subject_type,
        "subject_id": report.subject_id,
        "scope_id": report.scope_id,
        "first_decider_id": decider_id,
    }
    if report.subject_type == "message":
        columns["appealed"] = ruling
        if decider_id is not None:
            exclude_from_case(
                case=report.case, user_id=decider_id, reason=CaseExclusion.Reason.DECIDER
            )
    else:
        columns["case"] = _case_of_report(report, decider_id)
    return _store(user_id, report_id, text, columns), True


def _repeat(user_id: UUID, decision_id: UUID, text: str) -> Appeal | None:
    """Return the appeal that was made before. Serializes the appeals of one person."""
    active_account(user_id, is_locked=True)
    first = Appeal.objects.filter(appellant=user_id, decision_id=decision_id).first()
    if first is not None and first.text != normalized(text):  # as it is stored
        raise AlreadyAppealed
    return first


def _standing(user_id: UUID, decision_id: UUID) -> Decision:
    """Return a decision that nothing can replace before the appeal is stored.

    Raises:
        NotFound: There is no such decision about the person.
        NotAppealable: It was replaced at this moment.
    """
    found = decision_about(user_id, decision_id)
    if found is None:
        raise NotFound
    _lock(found)
    if (standing := decision_about(user_id, decision_id)) is None:
        raise NotAppealable
    return standing


def _lock(decision: Decision) -> None:
    """Lock what a reversal, a lifting, or a ruling on the text locks, too."""
    view = decision.view
    model = _DECISIONS.get(DecisionType(view.type))
    if model is None:  # a decision about a text alone
        lock_subject(subject_type=view.subject_type, subject_id=view.subject)
        return
    rows: QuerySet[Any] = model._default_manager.filter(pk=view.id)  # noqa: SLF001  (documented)
    rows.select_for_update(of=("self",), no_key=True).first()


def _locked_report(user_id: UUID, report_id: UUID) -> tuple[Report, Ruling | None]:
    """Return a report, and the ruling that holds: nothing reverses it before the appeal is stored.

    Raises:
        NotFound: The person has made no such report.
    """
    own = Report.objects.filter(pk=report_id, reporter=user_id)
    ruling = _locked_last(Ruling.objects.filter(pk__in=own.values("ruling")))
    report: Report | None = own.select_related("case").first()
    if report is None:
        raise NotFound
    return report, ruling


def _locked_last(rulings: QuerySet[Ruling]) -> Ruling | None:
    """Lock the first of the rulings, and the reversals that took its place; return the last."""
    locked = rulings.select_for_update(of=("self",), no_key=True).first()
    if locked is None:
        return None
    return _locked_last(locked.reversals.filter(undone_at=None)) or locked


def _case_of_verdict(user_id: UUID, decision: Decision) -> Case:
    view = decision.view
    return open_or_join(
        subject_type=view.subject_type,
        subject_id=view.subject,
        revision=decision.revision,
        scope_id=view.room,
        author_id=user_id,
        origin=Case.Origin.APPEAL,
        categories=view.categories,
        text=decision.text,
    )


def _case_of_report(report: Report, decider_id: UUID | None) -> Case:
    return open_or_join(
        subject_type=report.subject_type,
        subject_id=report.subject_id,
        revision=report.revision,
        scope_id=report.scope_id,
        author_id=report.case.author_id,
        origin=Case.Origin.APPEAL,
        categories=report.case.categories,
        text="",
        reporter_id=report.reporter_id,
        decider_id=decider_id,
    )


def _store(user_id: UUID, decision_id: UUID, text: str, columns: dict[str, Any]) -> Appeal:
    appeal = Appeal.objects.create(
        appellant_id=user_id,
        decision_id=decision_id,
        text=text,
        due_at=Now() + timedelta(hours=settings.ENV.appeal_target_hours),
        **columns,
    )
    appeal.refresh_from_db()
    thing = appealed_thing(appeal.decision_type)
    record_changes([(user_id, OwnThing.APPEAL, appeal.id), (user_id, thing, decision_id)])
    publish_appeals([appeal])
    log.info("appealed", appeal_id=str(appeal.id), decision_type=appeal.decision_type)
    return appeal
