"""Writes audit lines for views of restricted cases: who saw which one, and when."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from moderado.enforcement.services.audit import write_line
from moderado.moderation.models import ModerationLog
from moderado.moderation.restricted_cases import RESTRICTED, is_restricted, restricted_about

VIEWED = "restricted_case_seen"


def audit_views(*, actor_id: UUID | None, cases: Iterable[Any]) -> None:
    """Write one audit line for each restricted case that is about to be shown.

    Call it before answering, so that nothing is shown whose line cannot be stored.

    Args:
        actor_id: Who views them; None for the command line.
        cases: Cases of any kind; the others are left out.
    """
    for case in cases:
        if is_restricted(case):
            write_line(actor_id=actor_id, action=VIEWED, subject_type="case", subject_id=case.pk)


def cases_of(records: Iterable[Any]) -> list[Any]:
    """Return the cases of sanctions, by their rulings."""
    return [each.ruling.case for each in records if each.ruling is not None]


def audit_views_about(*, actor_id: UUID | None, rows: Iterable[Any]) -> None:
    """Write an audit line for each restricted case about the subjects of rows that are shown.

    Args:
        actor_id: Who views them; None for the command line.
        rows: With `subject_type` and `subject_id`.
    """
    _audit_cases(actor_id, {(each.subject_type, each.subject_id) for each in rows})


def audit_views_of_lines(*, actor_id: UUID, lines: Iterable[ModerationLog]) -> None:
    """Write audit lines of log lines that are shown: by their restricted cases.

    A verdict that opened no case has a line of its own, if it found danger to children.
    """
    shown = list(lines)
    cases = _audit_cases(actor_id, {(each.subject_type, each.subject_id) for each in shown})
    for line in shown:
        is_known = (line.subject_type, line.subject_id) in cases
        if not is_known and not RESTRICTED.isdisjoint(line.categories):
            write_line(actor_id=actor_id, action=VIEWED, subject_type="log", subject_id=line.pk)


def _audit_cases(actor_id: UUID | None, subjects: set[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
    """Write the lines of the restricted cases about these subjects; return those that have any."""
    found = restricted_about(subjects) if subjects else []
    for case in found:
        write_line(actor_id=actor_id, action=VIEWED, subject_type="case", subject_id=case.pk)
    return {(case.subject_type, case.subject_id) for case in found}
