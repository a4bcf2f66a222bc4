"""Queries for moderators. `scope_ids` are the rooms they moderate; None is staff: all rooms."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from moderado.core.errors import NotFound
from moderado.moderation.models import Case, ModerationLog, SubjectRevision
from moderado.moderation.types import Outcome

Scopes = Collection[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Filters of the audit log. None does not filter."""

    subject_id: UUID | None = None
    scope_id: UUID | None = None
    verdict: Outcome | None = None
    provider: str | None = None


def logs(*, wanted: LogFilter, scope_ids: Scopes) -> "QuerySet[ModerationLog]":
    """Return the matching log lines, unordered. A provider matches if it gave any assessment."""
    lines = _within(ModerationLog.objects.select_related("actor"), scope_ids)
    if wanted.subject_id:
        lines = lines.filter(subject_id=wanted.subject_id)
    if wanted.scope_id:
        lines = lines.filter(scope_id=wanted.scope_id)
    if wanted.verdict:
        lines = lines.filter(verdict=wanted.verdict)
    if wanted.provider:
        lines = lines.filter(Q(provider=wanted.provider) | Q(raw__has_key=wanted.provider))
    return lines


def cases(*, state: str, scope_ids: Scopes) -> "QuerySet[Case]":
    """Return cases by priority: the severest first, then the oldest."""
    return (
        _within(Case.objects.select_related("claimed_by", "decided_by"), scope_ids)
        .filter(state=state)
        .order_by("-score", "created_at", "id")
    )


def get_case(*, case_id: UUID, scope_ids: Scopes) -> Case:
    """Return the case. Raises NotFound if it does not exist or belongs to other moderators."""
    found = _within(Case.objects.select_related("claimed_by", "decided_by"), scope_ids)
    case: Case | None = found.filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def open_subject_texts(
    *, subject_type: str, subject_ids: Collection[UUID]
) -> list[SubjectRevision]:
    """Return the latest text of each subject, if it waits or was refused."""
    if not subject_ids:
        return []
    latest = (
        SubjectRevision.objects.filter(subject_type=subject_type, subject_id__in=subject_ids)
        .order_by("subject_id", "-revision")
        .distinct("subject_id")
    )
    closed = (SubjectRevision.Status.APPROVED, SubjectRevision.Status.SUPERSEDED)
    return [row for row in latest if row.status not in closed]


def _within(rows: "QuerySet[Any]", scope_ids: Scopes) -> "QuerySet[Any]":
    return rows if scope_ids is None else rows.filter(scope_id__in=scope_ids)
