"""Suspends members from reporting, by criteria of the server (ECA Digital, art. 33).

A person decides. The reporter's record must meet the criteria, and its numbers are stored. The
member gets a notice with reason and term, and may appeal.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.enforcement.appeal_terms import appeal_end
from moderado.enforcement.errors import AlreadySuspended, CriteriaNotMet
from moderado.enforcement.events import PersonNotice, PersonNotified
from moderado.enforcement.models import ReportingSuspension
from moderado.enforcement.selectors.reports import current_suspension, reporter_record
from moderado.enforcement.services.appeal_outcomes import decide_appeal_of
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.fairness import check_not_self
from moderado.enforcement.statements import suspension_statement
from moderado.enforcement.types import DecisionType
from moderado.enforcement.views import SuspensionView
from moderado.enforcement.written_reasons import clean_note, clean_reason

log = structlog.get_logger(__name__)


@transaction.atomic
def suspend_reporting(
    *, actor_id: UUID, user_id: UUID, term: timedelta, reason: str, public_note: str = ""
) -> ReportingSuspension:
    """Suspend a member from reporting for a term.

    The caller has checked the actor's right to do so.

    Raises:
        NotFound: There is no such account.
        OwnCase: The actor is the member.
        Invalid: Term, reason or note.
        AlreadySuspended: A suspension is in force.
        CriteriaNotMet: The member's record does not justify it.
    """
    check_not_self(actor_id=actor_id, user_id=user_id)
    reason = clean_reason(reason)
    note = clean_note(public_note)
    if not timedelta(0) < term <= timedelta(days=settings.ENV.report_suspension_max_days):
        raise Invalid(fields={"term_seconds": _("The term is longer than the server allows.")})
    # The lock of the member lets one suspension be in force at a time.
    if User.objects.select_for_update(no_key=True).filter(pk=user_id).first() is None:
        raise NotFound
    check_words_about([user_id], reason, note)
    if current_suspension(user_id) is not None:
        raise AlreadySuspended
    record = reporter_record(user_id)
    if not record.may_be_suspended:
        raise CriteriaNotMet
    suspension = ReportingSuspension.objects.create(
        user_id=user_id,
        actor_id=actor_id,
        reason=reason,
        public_note=note,
        ends_at=Now() + term,
        decided_reports=record.decided,
        rejected_reports=record.rejected,
    )
    suspension.refresh_from_db()
    _notify(suspension, PersonNotice.REPORTING_SUSPENDED)
    _audit("reporting_suspended", suspension, actor_id)
    log.info("reporting_suspended", user_id=str(user_id), actor_id=str(actor_id))
    return suspension


@transaction.atomic
def lift_suspension(*, actor_id: UUID, suspension_id: UUID, reason: str) -> ReportingSuspension:
    """End a suspension before its term, or take back one that was wrong after it.

    A repeat changes nothing.

    The caller has checked the actor's right to do so.

    Raises:
        NotFound: There is no such suspension.
        OwnCase: The actor is the member.
        Invalid: The reason.
    """
    reason = clean_reason(reason)
    found = ReportingSuspension.objects.select_for_update(no_key=True).filter(pk=suspension_id)
    suspension = found.first()
    if suspension is None:
        raise NotFound
    check_not_self(actor_id=actor_id, user_id=suspension.user_id)
    check_words_about([suspension.user_id], reason)
    if suspension.lifted_at is None:
        is_in_force = found.filter(ends_at__gt=Now()).exists()
        found.update(lifted_at=Now(), lifted_by=actor_id, lift_reason=reason)
        suspension.refresh_from_db()
        if is_in_force:  # another one may be, after this one ended by its term
            _notify(suspension, PersonNotice.REPORTING_RESTORED)
        decide_appeal_of(DecisionType.SUSPENSION, suspension.pk, actor_id=actor_id)
        _audit("suspension_lifted", suspension, actor_id)
        log.info("suspension_lifted", suspension_id=str(suspension_id), actor_id=str(actor_id))
    return suspension


def _audit(action: str, suspension: ReportingSuspension, actor_id: UUID) -> None:
    write_line(
        actor_id=actor_id,
        action=action,
        subject_type="suspension",
        subject_id=suspension.id,
        user=str(suspension.user_id),
    )


def _notify(suspension: ReportingSuspension, notice: PersonNotice) -> None:
    with translation.override(suspension.user.language):
        explanation = suspension_statement(
            reason=suspension.reason,
            ends_at=suspension.ends_at,
            appeal_until=appeal_end(suspension.created_at),
            is_lifted=notice is PersonNotice.REPORTING_RESTORED,
        )
    view = SuspensionView(
        id=suspension.id,
        reason=suspension.reason,
        explanation=explanation,
        public_note=suspension.public_note,
        ends_at=suspension.ends_at,
        lifted_at=suspension.lifted_at,
    )
    publish(PersonNotified(user_id=suspension.user_id, notice=notice, body=view))
