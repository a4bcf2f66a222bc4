"""What a moderator wants to decide about a case."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from moderado.enforcement.services.measures import Measure
from moderado.enforcement.types import ContentOutcome
from moderado.enforcement.written_reasons import clean_note, clean_reason


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What a moderator wants to decide.

    `reason`: 1 to 64 characters, a code or a few words. Notes: at most 2,000 characters; the
    public one is for the author. `revision`: the one that the moderator has read.
    """

    content: ContentOutcome
    reason: str
    public_note: str = ""
    private_note: str = ""
    measures: Sequence[Measure] = ()
    revision: int | None = None
    bulk_id: UUID | None = None


def cleaned(proposal: Proposal) -> Proposal:
    """Return a proposal with trimmed texts.

    Raises:
        Invalid: Reason or notes.
    """
    return msgspec.structs.replace(
        proposal,
        reason=clean_reason(proposal.reason),
        public_note=clean_note(proposal.public_note),
        private_note=clean_note(proposal.private_note, field="private_note"),
    )
