"""Queries for moderators. `scope_ids` are the rooms they moderate; None is staff: all rooms."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from moderado.core.errors import NotFound
from moderado.moderation.blind_cases import revealed
from moderado.moderation.errors import BlindCase
from moderado.moderation.models import (
    Case,
    Evaluation,
    ModerationLog,
    Policy,
    PolicyChange,
    PolicyVersion,
    SubjectRevision,
)
from moderado.moderation.restricted_cases import lines_for_others, unrestricted_texts
from moderado.moderation.texts import with_texts
from moderado.moderation.types import Category, Outcome

Scopes = Collection[UUID] | None

HISTORY = 100  # changes of a policy that are shown
PAGE = 500  # rows that are read together


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Filters of the audit log. None does not filter.

    `version` is that of the policy itself, whatever the versions of those that it extends.
    `category` is one of those that were found. `since` is included, `until` is not.
    """

    subject_id: UUID | None = None
    scope_id: UUID | None = None
    verdict: Outcome | None = None
    provider: str | None = None
    policy: str | None = None
    version: str | None = None
    category: Category | None = None
    decided_by: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """The look-ups of columns that one value decides."""
        wanted = {
            "subject_id": self.subject_id,
            "scope_id": self.scope_id,
            "verdict": self.verdict,
            "policy": self.policy,
            "categories__has_key": self.category,
            "decided_by": self.decided_by,
            "created_at__gte": self.since,
            "created_at__lt": self.until,
        }
        return {name: value for name, value in wanted.items() if value is not None}


def logs(
    *, wanted: LogFilter, scope_ids: Scopes, sees_restricted: bool = False
) -> "QuerySet[ModerationLog]":
    """Return the matching log lines, unordered, without their texts.

    A provider matches if it gave any signal.

    Without the lines on which blind cases wait for their ruling, and those about danger to children
    unless `sees_restricted`.
    """
    lines = revealed(_lines(scope_ids, sees_restricted=sees_restricted)).filter(**wanted.columns)
    if wanted.version is not None:
        extended = Q(policy_version__startswith=f"{wanted.version}/")
        lines = lines.filter(Q(policy_version=wanted.version) | extended)
    if wanted.provider is not None:
        # Lines of older releases have all answers in `raw`.
        answered = Q(signals__has_key=wanted.provider) | Q(raw__has_key=wanted.provider)
        lines = lines.filter(Q(provider=wanted.provider) | answered)
    return lines


def get_log(*, log_id: UUID, scope_ids: Scopes, sees_restricted: bool = False) -> ModerationLog:
    """Return a line with its `texts`.

    Raises:
        NotFound: It does not exist or belongs to other moderators.
        BlindCase: A blind case waits for its ruling first.
    """
    lines = _lines(scope_ids, sees_restricted=sees_restricted)
    line: ModerationLog | None = lines.filter(pk=log_id).first()
    if line is None:
        raise NotFound
    if not revealed(lines.filter(pk=log_id)).exists():
        raise BlindCase
    return with_texts([line])[0]


def rulings() -> list[tuple[UUID, str, str]]:
    """Return id, text and outcome of every case that a person decided, oldest first.

    Without those whose text was erased, and those about danger to children: what is made of the
    texts is read by others.
    """
    cases = unrestricted_texts(Case.objects.all())
    decided = cases.filter(state=Case.State.DECIDED, decided_by__isnull=False)
    rows = decided.only("id", "text", "reason", "note", "outcome", "commitment").order_by("id")
    found: list[tuple[UUID, str, str]] = []
    after = UUID(int=0)
    while page := with_texts(rows.filter(pk__gt=after)[:PAGE]):
        found += [(case.id, case.text, case.outcome) for case in page if case.text]
        after = page[-1].id
    return found


def open_cases() -> "QuerySet[Case]":
    """Return the cases that wait for a decision, of all rooms."""
    return Case.objects.filter(state=Case.State.OPEN)


def shown_revisions(subject_ids: Collection[UUID]) -> dict[tuple[str, UUID], int]:
    """Return the revision that others see now of each subject that is no message."""
    shown = SubjectRevision.objects.filter(
        subject_id__in=subject_ids, status=SubjectRevision.Status.APPROVED
    )
    ascending = shown.order_by("revision").values_list("subject_type", "subject_id", "revision")
    return {(kind, subject_id): revision for kind, subject_id, revision in ascending}


def is_shown(subject_id: str, revision: str | None) -> Exists:
    """Return the condition that a subject that is no message is shown in a revision or a later one.

    Args:
        subject_id: The column with the id of the subject; `subject_type` is that with its kind.
        revision: The column with the revision; None for any revision.
    """
    shown = SubjectRevision.objects.filter(
        subject_type=OuterRef("subject_type"),
        subject_id=OuterRef(subject_id),
        status=SubjectRevision.Status.APPROVED,
    )
    return Exists(shown if revision is None else shown.filter(revision__gte=OuterRef(revision)))


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


def _lines(scope_ids: Scopes, *, sees_restricted: bool) -> "QuerySet[ModerationLog]":
    lines = _within(ModerationLog.objects.select_related("actor"), scope_ids)
    return lines if sees_restricted else lines_for_others(lines)


def _within(rows: "QuerySet[Any]", scope_ids: Scopes) -> "QuerySet[Any]":
    return rows if scope_ids is None else rows.filter(scope_id__in=scope_ids)


def policies() -> "QuerySet[Policy]":
    """Return the policies by name, with the number of their newest version as `latest`."""
    newest = PolicyVersion.objects.filter(policy=OuterRef("pk")).order_by("-number")
    found = Policy.objects.filter(deleted_at=None).select_related("extends", "enabled")
    return found.annotate(latest=Subquery(newest.values("number")[:1])).order_by("name")


def policy_with_history(name: str) -> Policy:
    """Return a policy with its last changes as `history`. Raises NotFound."""
    policy: Policy | None = policies().filter(name=name).first()
    if policy is None:
        raise NotFound
    changes = PolicyChange.objects.filter(policy=policy).select_related("version", "actor")
    policy.history = list(changes.order_by("-created_at", "-id")[:HISTORY])  # type: ignore[attr-defined]
    return policy


def policy_versions(name: str) -> "QuerySet[PolicyVersion]":
    """Return the versions of a policy, newest first, without their documents. Raises NotFound."""
    if not policies().filter(name=name).exists():
        raise NotFound
    found = PolicyVersion.objects.filter(policy__name=name).select_related("policy", "author")
    return found.defer("document").order_by("-number")


def evaluations() -> "QuerySet[Evaluation]":
    """Return the evaluations, newest first, without their results."""
    found = Evaluation.objects.select_related("policy", "version__policy", "requested_by")
    return found.defer("checkpoint", "results").order_by("-created_at", "-id")
