"""What moderators may look at. `scope_ids` are the rooms they moderate; None is staff: all."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from moderado.core.errors import NotFound
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Outcome

Scopes = Collection[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which lines are asked for. What is None asks for nothing in particular."""

    subject_id: UUID | None = None
    scope_id: UUID | None = None
    verdict: Outcome | None = None
    provider: str | None = None


def logs(*, wanted: LogFilter, scope_ids: Scopes) -> "QuerySet[ModerationLog]":
    """The audit trail, in no order yet. A provider matches where it had any opinion."""
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
    """Cases in the order in which they want a person: the severest first, then the oldest."""
    return (
        _within(Case.objects.select_related("claimed_by", "decided_by"), scope_ids)
        .filter(state=state)
        .order_by("-score", "created_at", "id")
    )


def open_cases(*, scope_ids: Scopes) -> "QuerySet[Case]":
    return cases(state=Case.State.OPEN, scope_ids=scope_ids)


def get_case(*, case_id: UUID, scope_ids: Scopes) -> Case:
    """Raises NotFound for what is not there, or not this moderator's."""
    found = _within(Case.objects.select_related("claimed_by", "decided_by"), scope_ids)
    case: Case | None = found.filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def _within(rows: "QuerySet[Any]", scope_ids: Scopes) -> "QuerySet[Any]":
    return rows if scope_ids is None else rows.filter(scope_id__in=scope_ids)
