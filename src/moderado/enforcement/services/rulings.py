"""Moderators rule on cases, take rulings back within 10 s, and reverse them later.

Content, sanctions, notes and the log are stored in one transaction, which names the revision. If
that revision has ended, nothing is stored, the case is closed, and the moderator learns why.
"""

from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now

from moderado.accounts.services.client_keys import first_result, name_result
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import NotFound
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.enforcement.errors import OtherRevision, RulingReplaced, UndoExpired
from moderado.enforcement.events import RulingMade, RulingReversed, RulingUndone
from moderado.enforcement.models import Ruling
from moderado.enforcement.selectors.cases import get_case
from moderado.enforcement.services.access import check_free, end_claim_of_party, locked_case
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.measures import check_permitted, impose
from moderado.enforcement.services.merging import take_over_later_case
from moderado.enforcement.services.proposals import Proposal as Proposal
from moderado.enforcement.services.proposals import cleaned
from moderado.enforcement.services.repeated_rulings import first_reversal, first_ruling
from moderado.enforcement.services.ruling_events import event_of
from moderado.enforcement.services.ruling_states import (
    content_before,
    is_replaced,
    locked_ruling,
    newest_ruling,
)
from moderado.enforcement.services.sanctions import lift_sanctions_of_ruling
from moderado.enforcement.services.shown_words import check_shown_words
from moderado.enforcement.types import (
    LEASE,
    OUTCOME_OF,
    UNDO,
    WITHOUT_TEXT,
    Actor,
    ContentOutcome,
)
from moderado.enforcement.written_reasons import clean_reason
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.events import ReviewStarted
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import is_restricted
from moderado.moderation.services.closing import close_cases
from moderado.moderation.services.deciding import WAS_SEEN, Decision, decide, undo_decision
from moderado.moderation.types import CloseReason

log = structlog.get_logger(__name__)


def rule(
    *, actor: Actor, case_id: UUID, proposal: Proposal, client_id: str | None = None
) -> Ruling:
    """Decide a case, claimed by the moderator or free.

    A repeat returns the ruling of the moderator that holds, with a `client_id` also one that does
    not hold any more (ADR 0137). It has no effect.

    Raises:
        NotFound: There is no such case in these rooms and queues.
        Invalid: Reason, notes, or a measure that the subject or the queue does not allow.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
        CaseClosed, CaseTaken: The case was decided, or another moderator holds it.
        CaseSuperseded: The subject of the case has ended, so the ruling has no effect.
        CaseEscalated: It was handed over to the server's moderators.
        Conflict: `client_id` was used for another ruling on the case.
        OtherRevision: The moderator has read another revision.
    """
    proposal = cleaned(proposal)
    try:
        ruling, is_new = _rule(actor, case_id, proposal, client_id)
    except CaseSuperseded as refusal:
        close_ended(case_id=case_id, reason=refusal.reason)
        log.info("ruling_refused", case_id=str(case_id), reason=refusal.reason)
        raise
    if not is_new:
        return ruling
    # Written only if the ruling took effect and is committed.
    log.info(
        "case_decided",
        case_id=str(case_id),
        ruling_id=str(ruling.id),
        subject_id=str(ruling.subject_id),
        revision=ruling.revision,
        actor_id=str(actor.id),
        outcome=OUTCOME_OF[ContentOutcome(ruling.content)].value,
    )
    return ruling


@retry_on_deadlock
@transaction.atomic
def undo(*, actor: Actor, ruling_id: UUID) -> Ruling:
    """Take an own ruling back within 10 s: everything is as before, and the case is open again.

    A repeat has no effect.

    Raises:
        NotFound: There is no such ruling of the moderator.
        OwnCase, OwnReport, OwnRuling: The moderator has become a party, as by an appeal.
        UndoExpired: It is too late: reverse the ruling instead.
        RulingReplaced: It was reversed already, or a later ruling took its place.
    """
    ruling = locked_ruling(actor, ruling_id)
    if ruling.actor_id != actor.id:
        raise NotFound
    if ruling.undone_at is not None:
        return ruling
    if is_replaced(ruling):
        raise RulingReplaced
    mine = Ruling.objects.filter(pk=ruling_id, settled_at=None, undo_until__gt=Now())
    if ruling.reverses_id is not None or not mine.update(undone_at=Now()):
        raise UndoExpired
    take_over_later_case(ruling.case)
    case = Case.objects.get(pk=ruling.case_id)  # which may be restricted by now
    is_seen = actor.sees_restricted or not is_restricted(case)
    undo_decision(case, actor_id=actor.id, lease=LEASE if is_seen else None)
    end_claim_of_party(case.pk)
    lift_sanctions_of_ruling(actor_id=actor.id, ruling_id=ruling.id, reason="undone")
    publish(event_of(RulingUndone, ruling))
    log.info("ruling_undone", ruling_id=str(ruling_id), actor_id=str(actor.id))
    return Ruling.objects.get(pk=ruling_id)


@retry_on_deadlock
@transaction.atomic
def reverse(
    *,
    actor: Actor,
    ruling_id: UUID,
    reason: str,
    bulk_id: UUID | None = None,
    content: ContentOutcome | None = None,
) -> Ruling:
    """Put everything back as it was before a ruling (ADR 0099).

    A text that others saw is shown again. One that they did not see is hidden as it was, and its
    case is open again. Sanctions are lifted. A repeat returns the reversal of the moderator.

    Args:
        actor: The moderator, with the rooms in which they may reverse rulings.
        ruling_id: The ruling.
        reason: 1 to 64 characters, for staff; a category may be named to people.
        bulk_id: The ruling in bulk whose rulings are reversed.
        content: What becomes of the text whatever it was before, as an appeal decides; None to
            put back what was.

    Returns:
        The reversal, a ruling of its own.

    Raises:
        NotFound: There is no such ruling in these rooms and queues.
        Invalid: The reason.
        OwnCase, OwnReport, OwnRuling, CaseEscalated, Forbidden: As `ruling_states.locked_ruling`.
        RulingReplaced: It was undone or reversed already, or a later ruling took its place.
    """
    reason = clean_reason(reason)
    ruling = locked_ruling(actor, ruling_id)
    if content is None and bulk_id is None:
        first = first_reversal(ruling, actor_id=actor.id, reason=reason)
        if first is not None:
            return first
    case = ruling.case
    has_text = case.subject_type not in WITHOUT_TEXT
    is_decided = content is not None and content != ruling.content  # whatever was ruled since
    is_overruled = has_text and not is_decided and is_replaced(ruling)
    is_open = case.state == Case.State.OPEN  # again, since it was reversed
    if ruling.undone_at is not None or is_overruled or is_open or newest_ruling(case) != ruling:
        raise RulingReplaced
    if content is None or not has_text:
        content = content_before(case, ruling)
    proposal = Proposal(content=content, reason=reason, bulk_id=bulk_id)
    if content is ContentOutcome.HOLD:
        take_over_later_case(case)
        undo_decision(case, actor_id=actor.id, lease=None)
        reversal = _add(actor, case, proposal, reverses=ruling)
    else:
        reversal = _store(actor, case, proposal, reverses=ruling)
    lift_sanctions_of_ruling(actor_id=actor.id, ruling_id=ruling.id, reason="reversed")
    publish(event_of(RulingReversed, ruling, actor_id=actor.id, reversal_id=reversal.id))
    log.info(
        "ruling_reversed",
        ruling_id=str(ruling_id),
        reversal_id=str(reversal.id),
        actor_id=str(actor.id),
    )
    return reversal


def get_ruling(*, actor: Actor, ruling_id: UUID) -> Ruling:
    """Return a ruling on a case that the moderator may see.

    Raises:
        NotFound: There is none.
    """
    ruling = Ruling.objects.select_related("actor").filter(pk=ruling_id).first()
    if ruling is None:
        raise NotFound
    get_case(actor=actor, case_id=ruling.case_id)
    return ruling


@retry_on_deadlock
@transaction.atomic
def _rule(
    actor: Actor, case_id: UUID, proposal: Proposal, client_id: str | None
) -> tuple[Ruling, bool]:
    """Store a ruling; return it, and whether it is new."""
    key: dict[str, Any] = {"owner_id": actor.id, "kind": "ruling"}
    key["client_id"] = client_id and f"{case_id}/{client_id}"
    if (first_id := first_result(**key, content=proposal, result_id=new_id())) is not None:
        return get_ruling(actor=actor, ruling_id=first_id), False
    locked = locked_case(actor=actor, case_id=case_id)
    if (first := first_ruling(locked, actor_id=actor.id, proposal=proposal)) is not None:
        name_result(**key, result_id=first.id)
        return first, False
    check_free(locked, actor)
    if proposal.revision not in {None, locked.revision}:
        raise OtherRevision(revision=locked.revision)
    check_permitted(actor, locked, proposal.content, proposal.measures)
    words = {"reason": proposal.reason, "public_note": proposal.public_note}
    check_shown_words(actor.scope_ids, **words)
    ruling = _store(actor, locked, proposal)
    impose(ruling, proposal.measures)
    name_result(**key, result_id=ruling.id)
    publish(event_of(RulingMade, ruling))
    return ruling, True


def _store(
    actor: Actor, case: Case, proposal: Proposal, *, reverses: Ruling | None = None
) -> Ruling:
    """Decide the locked case, and store the ruling."""
    _decide(actor, case, proposal, is_reversal=reverses is not None)
    return _add(actor, case, proposal, reverses=reverses)


def _decide(actor: Actor, case: Case, proposal: Proposal, *, is_reversal: bool) -> None:
    decide(
        case,
        Decision(
            actor_id=actor.id,
            outcome=OUTCOME_OF[proposal.content],
            reason=proposal.reason,
            note=proposal.private_note,
            is_reversal=is_reversal,
            sweep_id=proposal.bulk_id,
        ),
    )


def _add(actor: Actor, case: Case, proposal: Proposal, *, reverses: Ruling | None) -> Ruling:
    words = (proposal.reason, proposal.public_note, proposal.private_note)
    check_words_about((case.author_id, case.subject_id), *words)
    before = Case.objects.values_list("before_ruling", flat=True).get(pk=case.pk) or {}
    ruling = Ruling.objects.create(
        case=case, subject_type=case.subject_type, subject_id=case.subject_id,
        revision=case.revision, scope_id=case.scope_id, author_id=case.author_id,
        content=proposal.content,
        was_seen=before.get(WAS_SEEN),
        reason=proposal.reason,
        public_note=proposal.public_note,
        private_note=proposal.private_note,
        actor_id=actor.id,
        effective_at=Now(),
        undo_until=Now() + UNDO,
        reverses=reverses,
        bulk_id=proposal.bulk_id,
    )  # fmt: skip
    ruling.refresh_from_db(fields=["effective_at", "undo_until"])
    return ruling


@retry_on_deadlock
@transaction.atomic
def close_ended(*, case_id: UUID, reason: str) -> None:
    """Close a case that was left open although its subject had ended.

    Args:
        case_id: The case.
        reason: A `CloseReason`, as CaseSuperseded names it.
    """
    case = Case.objects.get(pk=case_id)
    publish(ReviewStarted(subject_type=case.subject_type, subject_id=case.subject_id))
    close_cases(
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        revisions=[case.revision],
        reason=CloseReason(reason),
    )
