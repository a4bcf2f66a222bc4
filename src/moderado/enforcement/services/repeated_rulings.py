"""Recognize a ruling, a reversal or a decision of an appeal that its moderator sends again.

A case is decided once, and so is an appeal. The same moderator who asks for the same gets what the
first request made, not the refusal for those who came too late (ADR 0132).
"""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from moderado.enforcement.models import Appeal, Ruling, Sanction
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.proposals import Proposal
from moderado.enforcement.services.ruling_states import newest_ruling
from moderado.enforcement.types import AppealOutcome, MeasureScope, SanctionKind
from moderado.moderation.models import Case

_Asked = tuple[str, bool, timedelta | None]


def first_ruling(case: Case, *, actor_id: UUID, proposal: Proposal) -> Ruling | None:
    """Return the ruling that holds on a locked case if the same moderator has made it.

    Args:
        case: The case, in whatever state.
        actor_id: The moderator.
        proposal: What they want to decide, with trimmed texts.
    """
    is_for_one = proposal.bulk_id is None and proposal.revision in {None, case.revision}
    if case.state != Case.State.DECIDED or not is_for_one:
        return None
    first = newest_ruling(case)
    if first is None or first.reverses_id is not None or first.bulk_id is not None:
        return None
    if first.actor_id != actor_id or _words(first) != _words(proposal):
        return None
    imposed = Sanction.objects.filter(ruling=first.pk)
    is_same = Counter(map(_imposed, imposed)) == Counter(map(_asked_for, proposal.measures))
    return first if is_same else None


def first_reversal(ruling: Ruling, *, actor_id: UUID, reason: str) -> Ruling | None:
    """Return the reversal of a locked ruling if the same moderator has made it for this reason."""
    made = ruling.reversals.filter(actor=actor_id, reason=reason, bulk_id=None, undone_at=None)
    return made.order_by("-effective_at", "-id").first()


def is_decided_so(
    appeal: Appeal, *, actor_id: UUID, outcome: AppealOutcome, words: tuple[str, str]
) -> bool:
    """Tell whether the moderator has decided the appeal so. `words`: reason and public note."""
    is_same = (appeal.outcome, appeal.reason, appeal.public_note) == (outcome.value, *words)
    return is_same and appeal.decided_by_id == actor_id


def _words(of: Ruling | Proposal) -> tuple[str, str, str, str]:
    return str(of.content), of.reason, of.public_note, of.private_note


def _imposed(sanction: Sanction) -> _Asked:
    return _comparable(sanction.kind, sanction.scope_id is not None, sanction.imposed_term)


def _asked_for(measure: Measure) -> _Asked:
    return _comparable(measure.kind, measure.scope is MeasureScope.ROOM, measure.term)


def _comparable(kind: str, of_room: bool, term: timedelta | None) -> _Asked:  # noqa: FBT001
    # The policy limits how long a strike counts.
    return str(kind), of_room, None if kind == SanctionKind.STRIKE else term
