"""Judge texts without a subject: for other systems, for trying a policy, for audits.

Local providers answer; nothing is stored. The database is read only to find the policy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from moderado.core.ids import new_id
from moderado.moderation.services.screening import screen
from moderado.moderation.types import (
    SERVER,
    UNKNOWN_AUTHOR,
    AuthorFacts,
    Content,
    RoomFacts,
    Verdict,
)

TEXT = "text"  # the subject type of a text without a subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Who writes the texts, and where."""

    author: AuthorFacts = UNKNOWN_AUTHOR
    room: RoomFacts = SERVER


NO_FACTS = Facts()


def judge_texts(texts: Sequence[str], *, facts: Facts = NO_FACTS) -> list[Verdict]:
    """Return one verdict for each text, in order.

    Args:
        texts: The texts; each is judged alone.
        facts: What the policy may ask about author and room.
    """
    return judge_contents([content_of(text, facts) for text in texts])


def judge_contents(contents: Sequence[Content]) -> list[Verdict]:
    """Return one verdict for each content, in order."""
    return screen(contents)


def content_of(text: str, facts: Facts) -> Content:
    """Return a text as content without a subject."""
    return Content(
        subject_type=TEXT,
        subject_id=new_id(),
        revision=1,
        text=text,
        author=facts.author,
        room=facts.room,
    )
