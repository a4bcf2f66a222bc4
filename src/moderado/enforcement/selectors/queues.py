"""Queues: which cases they hold, and who may see them.

A case belongs to the first queue, by position, whose filter it matches. PostgreSQL evaluates the
filters, so that counts and pages are those of the queue.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case as Switch
from django.db.models import (
    Count,
    Min,
    Q,
    QuerySet,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.enforcement.models import Queue
from moderado.moderation.events import CaseTraits
from moderado.moderation.models import Case

# Cached, since each read of a case needs it and Django would compose it again each time.
_QUEUES_OF = """
    SELECT queue.*,
           NOT EXISTS (SELECT FROM enforcement_queue_groups granted
                        WHERE granted.queue_id = queue.id)
           OR EXISTS (SELECT FROM enforcement_queue_groups granted
                        JOIN accounts_user_groups member USING (group_id)
                       WHERE granted.queue_id = queue.id AND member.user_id = %(user)s)
           OR EXISTS (SELECT FROM accounts_user
                       WHERE id = %(user)s AND is_superuser) AS is_open_to_user
      FROM enforcement_queue queue
     ORDER BY queue.position, queue.name
"""
UNQUEUED: Value = Value(None, output_field=UUIDField())


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """The open cases of a queue that a moderator may decide."""

    open_count: int = 0
    oldest_seconds: int | None = None


NO_CASES = QueueCounts()


def queues_of(user_id: UUID) -> list[Queue]:
    """Return all queues in their order, with `is_open_to_user`.

    A queue without groups is open to every moderator, and every queue to superusers.
    """
    return list(Queue.objects.raw(_QUEUES_OF, {"user": user_id}))


def queue_of_case(*, user_id: UUID, case_id: UUID) -> Queue | None:
    """Return the queue that holds a case; None if none does, or if it is closed to the user."""
    queues = queues_of(user_id)
    found = with_queue(Case.objects.filter(pk=case_id), queues).values_list("queue_id", flat=True)
    queue_id = found.first()
    return next((queue for queue in queues if queue.pk == queue_id), None)


def with_queue(cases: "QuerySet[Case]", queues: Sequence[Queue]) -> "QuerySet[Any]":
    """Return the cases with the id of their queue as `queue_id`, without those closed to the user.

    Args:
        cases: Cases to choose from.
        queues: All queues, of `queues_of`.
    """
    found = placed(cases, queues)
    closed = [queue.pk for queue in queues if not queue.is_open_to_user]  # type: ignore[attr-defined]
    if not closed:
        return found
    return found.filter(Q(queue_id=None) | ~Q(queue_id__in=closed))


def placed(cases: "QuerySet[Case]", queues: Sequence[Queue]) -> "QuerySet[Any]":
    """Return the cases with the id of their queue as `queue_id`, open to the user or not."""
    branches = [When(condition(queue.filter), then=Value(queue.pk)) for queue in queues]
    found: QuerySet[Any] = cases.annotate(
        queue_id=Switch(*branches, default=UNQUEUED, output_field=UUIDField())
        if branches
        else UNQUEUED
    )
    return found


def queue_counts(open_cases: "QuerySet[Any]") -> dict[UUID | None, QueueCounts]:
    """Count open cases, of `with_queue`, by their queue."""
    grouped = open_cases.order_by().values("queue_id")
    counted = grouped.annotate(cases=Count("pk"), oldest=Now() - Min("created_at"))
    return {
        queue_id: QueueCounts(open_count=count, oldest_seconds=int(oldest.total_seconds()))
        for queue_id, count, oldest in counted.values_list("queue_id", "cases", "oldest")
    }


def queues_closed_to(user_ids: Collection[UUID]) -> tuple[list[Queue], dict[UUID, set[UUID]]]:
    """Return all queues in their order, and those of them that are closed to each of the users.

    As `queues_of`, in as many statements for many users as for one.
    """
    queues = list(Queue.objects.order_by("position", "name"))
    grants = Queue.groups.through.objects
    with_groups = set(grants.values_list("queue_id", flat=True))
    closed = {user_id: set(with_groups) for user_id in user_ids}
    if not with_groups:
        return queues, closed
    granted = grants.filter(group__user__in=user_ids)
    for queue_id, user_id in granted.values_list("queue_id", "group__user"):
        closed[user_id].discard(queue_id)
    superusers = User.objects.filter(pk__in=user_ids, is_superuser=True)
    for user_id in superusers.values_list("pk", flat=True):
        closed[user_id].clear()
    return queues, closed


def queue_before(queues: Iterable[Queue], case: Case, was: CaseTraits) -> UUID | None:
    """Return the queue that held a case while it had these traits; None: none did."""
    return next((queue.pk for queue in queues if _held(queue.filter, case, was)), None)


def _held(wanted: Mapping[str, Any], case: Case, was: CaseTraits) -> bool:
    """`condition`, on a case as it was."""
    found = {
        "origin": {case.origin, *was.joined_origins},
        "category": set(was.categories),
        "subject": {case.subject_type},
        "room": {str(case.scope_id)},
    }
    if any(
        (chosen := wanted.get(name)) and found[name].isdisjoint(map(str, chosen)) for name in found
    ):
        return False
    escalated = wanted.get("is_escalated")
    is_urgent = was.priority >= (wanted.get("min_priority") or 0)
    return is_urgent and (escalated is None or escalated == was.is_escalated)


def condition(wanted: Mapping[str, Any]) -> Q:
    """Return the condition on cases of a queue's filter."""
    found = Q()
    if origins := wanted.get("origin"):
        found &= Q(origin__in=origins) | Q(joined_origins__overlap=origins)
    if categories := wanted.get("category"):
        found &= Q(categories__overlap=categories)
    if subjects := wanted.get("subject"):
        found &= Q(subject_type__in=subjects)
    if rooms := wanted.get("room"):
        found &= Q(scope_id__in=rooms)
    if wanted.get("min_priority"):
        found &= Q(priority__gte=wanted["min_priority"])
    if (escalated := wanted.get("is_escalated")) is not None:
        found &= Q(escalated_at__isnull=not escalated)
    return found or Q(pk__isnull=False)


def open_to_user(queues: Iterable[Queue]) -> list[Queue]:
    """Return those of the queues, of `queues_of`, that the user may see."""
    return [queue for queue in queues if queue.is_open_to_user]  # type: ignore[attr-defined]


def in_open_queues(
    rows: "QuerySet[Any]", *, user_id: UUID, columns: Collection[str] = ("case",)
) -> "QuerySet[Any]":
    """Return the rows whose cases, if they have any, are not in a queue closed to the user.

    Args:
        rows: Rows that name cases.
        user_id: The user.
        columns: Those with the cases.
    """
    queues = queues_of(user_id)
    if len(open_to_user(queues)) == len(queues):
        return rows
    cases = with_queue(Case.objects.all(), queues).values("pk")
    for column in columns:
        rows = rows.filter(Q(**{column: None}) | Q(**{f"{column}__in": cases}))
    return rows


def is_restricted(*, user_id: UUID, case_id: UUID) -> bool:
    """Tell whether a case that the user may see is in a queue for some groups alone."""
    queue = queue_of_case(user_id=user_id, case_id=case_id)
    return queue is not None and queue.groups.exists()
