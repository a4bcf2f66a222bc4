"""Separation of duties: moderators never decide in their own cause."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from moderado.accounts.models import User
from moderado.accounts.rights import may_manage
from moderado.core.database import require_transaction
from moderado.core.errors import Forbidden
from moderado.enforcement.errors import CaseEscalated, OwnReport, OwnRuling
from moderado.enforcement.models import CaseExclusion, Ruling
from moderado.enforcement.selectors.appeals import open_appeals_about
from moderado.enforcement.selectors.parties import exclusions_from, is_about, is_of_room_run_by
from moderado.enforcement.selectors.reach import binds_on_the_server
from moderado.enforcement.services.appeal_events import publish_appeals
from moderado.moderation.errors import OwnCase
from moderado.moderation.events import CaseStep
from moderado.moderation.models import Case
from moderado.moderation.services.case_events import publish_changes
from moderado.moderation.services.claims import release_claim

_REFUSALS = {
    CaseExclusion.Reason.REPORTER: OwnReport,
    CaseExclusion.Reason.DECIDER: OwnRuling,
    CaseExclusion.Reason.RAN_ROOM: OwnCase,
}


def check_not_self(*, actor_id: UUID, user_id: UUID | None) -> None:
    """Check that a decision is not about the person who decides.

    Raises:
        OwnCase: It is.
    """
    if actor_id == user_id:
        raise OwnCase


def check_outranks(*, actor_id: UUID, user_id: UUID) -> None:
    """Check that a sanction of the server does not end the access of one with more rights.

    Raises:
        Forbidden: The account has rights that the actor lacks.
    """
    account = User.objects.filter(pk=user_id).first()
    if account is not None and not may_manage(User.objects.get(pk=actor_id), account):
        raise Forbidden


def check_reach(*, scope_ids: Collection[UUID] | None, ruling: Ruling) -> None:
    """Check that a moderator of a room takes back nothing of the moderators of the server.

    Args:
        scope_ids: Rooms of the moderator; None for staff, who may take back both.
        ruling: The ruling, or that of a sanction.

    Raises:
        CaseEscalated: The case was handed over to them.
        Forbidden: A sanction of the ruling is on the whole server.
    """
    if scope_ids is None:
        return
    if ruling.case.escalated_at is not None:
        raise CaseEscalated
    if binds_on_the_server(ruling):
        raise Forbidden


def check_other_decider(*, actor_id: UUID, decided_by_id: UUID | None) -> None:
    """Check that an appeal is not decided by the person who made the decision.

    Raises:
        OwnRuling: It is.
    """
    if actor_id == decided_by_id:
        raise OwnRuling


def check_may_decide(*, actor_id: UUID, case: Case) -> None:
    """Check that a moderator is no party to a case.

    Raises:
        OwnCase: The case is about the moderator, their content, or a room that they run, or ran
            when it was pointed at.
        OwnReport: The moderator has reported the subject, or this text in another case.
        OwnRuling: The case is an appeal of the moderator's own ruling.
    """
    check_not_self(actor_id=actor_id, user_id=case.author_id)
    if is_of_room_run_by(actor_id, case):
        raise OwnCase
    _refuse_first(exclusions_from(actor_id, case))


def is_party(*, user_id: UUID, case: Case) -> bool:
    """Tell whether a moderator is a party to a case."""
    try:
        check_may_decide(actor_id=user_id, case=case)
    except (OwnCase, OwnReport, OwnRuling):
        return True
    return False


def check_may_preserve(*, actor_id: UUID | None, cases: "QuerySet[Case]") -> None:
    """Check that a package of evidence on cases has nothing that is kept from who makes it.

    It says who reported, and what staff noted. Making one decides nothing. The command line, whose
    `actor_id` is None, may always make one.

    Raises:
        OwnCase: A case is about the actor, their content, or a room that they run.
        OwnReport: The actor has reported one of the subjects.
    """
    if actor_id is None:
        return
    if cases.filter(is_about(actor_id)).exists():
        raise OwnCase
    excluded = CaseExclusion.objects.filter(
        case__in=cases.order_by().values("pk"), user_id=actor_id
    )
    _refuse_first(excluded.exclude(reason=CaseExclusion.Reason.DECIDER))


def _refuse_first(excluded: "QuerySet[CaseExclusion]") -> None:
    if found := excluded.first():
        raise _REFUSALS[CaseExclusion.Reason(found.reason)]


def exclude_from_case(
    *, case: Case, user_id: UUID, reason: CaseExclusion.Reason, is_new: bool = False
) -> None:
    """Keep a user from deciding a case, and end their claim on it; a repeat changes nothing.

    An open case, and open appeals about its text, leave the view of a moderator who becomes a
    party: a change of them says so.

    Requires a transaction.

    Args:
        case: The case.
        user_id: The user.
        reason: Why.
        is_new: Whether the transaction has opened the case, so that the user never saw it.
    """
    require_transaction()
    # Those who run a room see no case about it anyway.
    may_see = reason is not CaseExclusion.Reason.RAN_ROOM
    leaves = may_see and not exclusions_from(user_id, case).exists()
    CaseExclusion.objects.bulk_create(
        [CaseExclusion(case=case, user_id=user_id, reason=reason)], ignore_conflicts=True
    )
    release_claim(user_id=user_id, case_id=case.pk)
    if leaves:
        publish_appeals(open_appeals_about(case), party_id=user_id)
    if leaves and not is_new and case.state == Case.State.OPEN:
        publish_changes(CaseStep.RELEASED, [case], party_id=user_id)
