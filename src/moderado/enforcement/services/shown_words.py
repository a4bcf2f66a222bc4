"""Words that moderators of rooms write to members are judged like messages.

Any member may create a room, and so moderate one. Without a judgement a reason or a public note
would carry what no message may say, to any person. Local providers judge at once, or the built-in
lists where there are none. Staff are trusted, and codes of categories are no words of theirs.
"""

from collections.abc import Collection
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.core.errors import Invalid
from moderado.enforcement.labels import REPORT_CATEGORY_CODES
from moderado.moderation.services.judging import judge_at_once
from moderado.moderation.types import Outcome


def check_shown_words(scope_ids: Collection[UUID] | None, **words: str) -> None:
    """Refuse words for a member that would be held or blocked as a message.

    Args:
        scope_ids: Rooms of the moderator; None for staff, whose words are not judged.
        words: The texts, by the field that an error names.

    Raises:
        Invalid: The fields with such words.
    """
    written = {
        field: text
        for field, text in words.items()
        if text.strip() and text not in REPORT_CATEGORY_CODES
    }
    if scope_ids is None or not written:
        return
    verdicts = zip(written, judge_at_once(list(written.values())), strict=True)
    refused: dict[str, str | Promise] = {
        field: _("A message with these words would not be published. Write it in other words.")
        for field, verdict in verdicts
        if verdict.outcome in {Outcome.HOLD, Outcome.BLOCK}
    }
    if refused:
        raise Invalid(fields=refused)
