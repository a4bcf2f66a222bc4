"""What stands of a ruling, and what its reversal puts back (ADR 0099)."""

from uuid import UUID

from moderado.core.database import require_transaction
from moderado.core.errors import NotFound
from moderado.enforcement.models import Ruling
from moderado.enforcement.services.access import locked_case
from moderado.enforcement.services.fairness import check_reach
from moderado.enforcement.types import WITHOUT_TEXT, Actor, ContentOutcome
from moderado.moderation.models import Case
from moderado.moderation.services.deciding import IS_SHOWN


def locked_ruling(actor: Actor, ruling_id: UUID) -> Ruling:
    """Lock subject, case and ruling, in this order, and return the ruling with its case.

    Requires a transaction.

    Raises:
        NotFound: There is no such ruling in these rooms and queues.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
        CaseEscalated, Forbidden: The ruling is for the moderators of the server alone.
    """
    require_transaction()
    case_id = Ruling.objects.filter(pk=ruling_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    case = locked_case(actor=actor, case_id=case_id)
    ruling = Ruling.objects.select_for_update(of=("self",), no_key=True).get(pk=ruling_id)
    ruling.case = case
    check_reach(scope_ids=actor.scope_ids, ruling=ruling)
    return ruling


def content_before(case: Case, ruling: Ruling) -> ContentOutcome:
    """Return what a reversal makes of the text: what the ruling on a locked case found."""
    if case.subject_type in WITHOUT_TEXT:
        return ContentOutcome.ALLOW
    if ruling.reverses is not None:  # the first ruling holds again
        return ContentOutcome(ruling.reverses.content)
    before = case.before_ruling
    if before is None:  # the text had ended, or an earlier release has decided
        is_shown = ruling.content == ContentOutcome.REMOVE
        return ContentOutcome.ALLOW if is_shown else ContentOutcome.REMOVE
    return ContentOutcome.ALLOW if before[IS_SHOWN] else ContentOutcome.HOLD


def is_replaced(ruling: Ruling) -> bool:
    """Tell whether a later ruling on the revision stands, on this case or a later one."""
    same = Ruling.objects.filter(
        subject_type=ruling.subject_type,
        subject_id=ruling.subject_id,
        revision=ruling.revision,
        undone_at=None,
    )
    return same.filter(effective_at__gt=ruling.effective_at).exists()


def newest_ruling(case: Case) -> Ruling | None:
    """Return the last ruling on a case that was not undone."""
    standing = Ruling.objects.filter(case=case, undone_at=None)
    return standing.order_by("-effective_at", "-id").first()
