"""Loads and locks cases for a moderator, and refuses what others hold or decided.

Lock order: the subject, its case, then rooms (ADR 0038).
"""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from moderado.core import failpoints
from moderado.core.database import require_transaction
from moderado.core.errors import NotFound
from moderado.enforcement.errors import CaseEscalated
from moderado.enforcement.selectors.cases import get_case, get_case_without_texts, subject_of_case
from moderado.enforcement.services.fairness import check_may_decide, is_party
from moderado.enforcement.services.subject_locks import lock_subject
from moderado.enforcement.types import Actor
from moderado.moderation.errors import CaseClosed, CaseSuperseded, CaseTaken
from moderado.moderation.models import Case
from moderado.moderation.services.claims import release_claim


def get_case_of_others(*, actor: Actor, case_id: UUID) -> Case:
    """Return a case in which the moderator is no party.

    Raises:
        NotFound: There is no such case in these rooms and queues.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
    """
    case = get_case(actor=actor, case_id=case_id)
    check_may_decide(actor_id=actor.id, case=case)
    return case


def case_to_decide(*, actor: Actor, case_id: UUID) -> Case:
    """Return a case as `get_case_of_others`, without its texts."""
    case = get_case_without_texts(actor=actor, case_id=case_id)
    check_may_decide(actor_id=actor.id, case=case)
    return case


def locked_case(*, actor: Actor, case_id: UUID) -> Case:
    """Lock the subject of a case, then the case, and return it in whatever state, without texts.

    Requires a transaction.

    Raises:
        NotFound: There is no such case in these rooms and queues.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
    """
    require_transaction()
    subject_type, subject_id = subject_of_case(actor=actor, case_id=case_id)
    if failpoints.reach("ruling.lock"):
        return case_to_decide(actor=actor, case_id=case_id)
    lock_subject(subject_type=subject_type, subject_id=subject_id)
    if not _lock(case_id):
        raise NotFound
    # Now: the moderator may have become a party, or the case restricted, at this moment.
    return _without_claim_of_party(case_to_decide(actor=actor, case_id=case_id))


def end_claim_of_party(case_id: UUID) -> None:
    """Lock a case, and end the claim on it if its holder has become a party.

    As by a new role in the room that the case is about. Requires a transaction.
    """
    require_transaction()
    locked = Case.objects.select_for_update(of=("self",), no_key=True).filter(pk=case_id)
    for case in locked:
        _without_claim_of_party(case)


def _lock(case_id: UUID) -> bool:
    """Lock a case; return whether there is one."""
    locked = Case.objects.select_for_update(of=("self",), no_key=True).filter(pk=case_id)
    return bool(locked.only("pk"))


def _without_claim_of_party(case: Case) -> Case:
    holder_id = case.claimed_by_id
    if holder_id is not None and is_party(user_id=holder_id, case=case):
        release_claim(user_id=holder_id, case_id=case.pk)
        case.claimed_by = case.claimed_until = None
    return case


def check_open(case: Case) -> None:
    """Check that a case waits for a decision.

    Raises:
        CaseClosed: It was decided.
        CaseSuperseded: It was closed with its subject.
    """
    if case.state == Case.State.DECIDED:
        raise CaseClosed
    if case.state == Case.State.CLOSED:
        raise CaseSuperseded(case.close_reason)


def check_free(case: Case, actor: Actor) -> None:
    """Check that a moderator may act on an open case now.

    Raises:
        CaseClosed, CaseSuperseded: The case has ended.
        CaseTaken: Another moderator holds it.
        CaseEscalated: It was handed over to the server's moderators.
    """
    check_open(case)
    if case.escalated_at is not None and actor.scope_ids is not None:
        raise CaseEscalated
    if case.claimed_by_id in {None, actor.id}:
        return
    if not free_cases(actor).filter(pk=case.pk).exists():  # the claim of another may have lapsed
        raise CaseTaken


def free_cases(actor: Actor) -> "QuerySet[Case]":
    """Return the open cases that no other moderator holds, by the database's clock."""
    free = Q(claimed_by=None) | Q(claimed_by=actor.id) | Q(claimed_until__lt=Now())
    found = Case.objects.filter(free, state=Case.State.OPEN)
    return found if actor.scope_ids is None else found.filter(escalated_at=None)
