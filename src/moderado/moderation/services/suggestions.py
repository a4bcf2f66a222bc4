"""Scores that other systems suggest for texts: labels for calibration."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from moderado.core import text as texts
from moderado.moderation.models import SuggestedScore

MAX_LENGTH = 16_384  # code points; what is stored is limited to as many bytes

log = structlog.get_logger(__name__)


def suggest_score(
    *,
    api_key_id: UUID,
    text: str,
    scores: Mapping[str, float],
    languages: Sequence[str] = (),
    community: str = "",
) -> UUID:
    """Store which scores a text should have had, and return the id of the record.

    Args:
        api_key_id: The key of the system that suggests.
        text: The text as it was judged.
        scores: By attribute of Perspective, 0..1.
        languages: Two-letter codes.
        community: Where the text was written, in the words of that system.

    Raises:
        Invalid: The text is empty, too long or cannot be stored.
    """
    row = SuggestedScore.objects.create(
        api_key_id=api_key_id,
        text=texts.clean(text, max_length=MAX_LENGTH, field="comment.text"),
        scores=dict(scores),
        languages=list(languages),
        community=community,
    )
    log.info("score_suggested", suggestion_id=row.id, api_key_id=api_key_id)
    return row.id
