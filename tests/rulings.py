"""Rulings of moderators, as short as tests need them."""

from moderado.enforcement.selectors.cases import get_case
from moderado.enforcement.services import claiming, rulings
from moderado.enforcement.types import CONTENT_OF, Actor
from moderado.moderation.events import CaseChange, CaseStep
from moderado.moderation.types import Outcome
from tests.factories import make_staff


def staff_actor(*permissions, **fields):
    """Return a new member of staff as a moderator of all rooms."""
    return Actor(id=make_staff(*permissions).id, scope_ids=None, **fields)


def claim(*, actor_id, case_id, scope_ids=None):
    return claiming.claim_case(actor=Actor(id=actor_id, scope_ids=scope_ids), case_id=case_id)


def rule(*, actor_id, case_id, outcome, reason="reviewed", note="", scope_ids=None, **fields):
    """Rule on a case; return the case."""
    make_ruling(
        actor_id=actor_id,
        case_id=case_id,
        content=CONTENT_OF[Outcome(outcome)],
        reason=reason,
        private_note=note,
        scope_ids=scope_ids,
        **fields,
    )
    return get_case(actor=Actor(id=actor_id, scope_ids=None), case_id=case_id)


def make_ruling(*, actor_id, case_id, content, reason="reviewed", scope_ids=None, **fields):
    """Rule on a case; return the ruling."""
    proposal = rulings.Proposal(content=content, reason=reason, **fields)
    return rulings.rule(
        actor=Actor(id=actor_id, scope_ids=scope_ids), case_id=case_id, proposal=proposal
    )


def change_of(case, step=CaseStep.OPENED, **fields):
    """Return the change of a case that is published for `step`."""
    return CaseChange(
        step=step,
        case_id=case.id,
        scope_id=case.scope_id,
        author_id=case.author_id,
        origin=case.origin,
        **fields,
    )
