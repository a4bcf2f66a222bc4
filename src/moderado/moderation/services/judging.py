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
    return screen([_content(text, facts) for text in texts])


def _content(text: str, facts: Facts) -> Content:
    return Content(
        subject_type=TEXT,
        subject_id=new_id(),
        revision=1,
        text=text,
        author=facts.author,
        room=facts.room,
    )
