"""Writes the audit of looks at restricted cases: who saw which one, and when."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from moderado.enforcement.services.audit import write_line
from moderado.moderation.models import ModerationLog
from moderado.moderation.restricted_cases import RESTRICTED, is_restricted

LOOKED_AT = "restricted_case_seen"


def note_looks(*, actor_id: UUID, cases: Iterable[Any]) -> None:
    """Write one audit line for each restricted case that is about to be shown.

    Call it before the answer: what cannot be written down is not shown.

    Args:
        actor_id: Who looks.
        cases: Cases of any kind; the others are left out.
    """
    for case in cases:
        if is_restricted(case):
            write_line(actor_id=actor_id, action=LOOKED_AT, subject_type="case", subject_id=case.pk)


def note_look_at_line(*, actor_id: UUID, line: ModerationLog) -> None:
    """Write an audit line if a log line about danger to children is about to be explained."""
    if not RESTRICTED.isdisjoint(line.categories):
        write_line(actor_id=actor_id, action=LOOKED_AT, subject_type="log", subject_id=line.pk)
