"""Which cases a moderator may see and decide, with filters, counts and order."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import (
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    Min,
    Q,
    QuerySet,
)
from django.db.models.functions import Now

from moderado.core import clock
from moderado.core.errors import NotFound
from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.parties import of_others
from moderado.enforcement.selectors.queues import (
    NO_CASES,
    QueueCounts,
    placed,
    queue_counts,
    queues_of,
    with_queue,
)
from moderado.enforcement.types import Actor
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import without_restricted_cases
from moderado.moderation.texts import with_texts

PEOPLE = ("author", "claimed_by", "decided_by")
ORDER = ("-priority", "-score", "created_at", "id")


class Claimed(StrEnum):
    """Whose claim a case has. A claim that has lapsed counts as none."""

    FALSE = "false"
    TRUE = "true"
    ME = "me"
    OTHERS = "others"


class CaseState(StrEnum):
    """The state of a case as it is shown. The last three are open in the record."""

    DECIDED = "decided"
    CLOSED = "closed"
    OPEN = "open"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Filters of the queue. None does not filter."""

    states: Collection[CaseState] = (CaseState.OPEN, CaseState.ESCALATED)
    queue_id: UUID | None = None
    scope_id: UUID | None = None
    origin: str | None = None
    category: str | None = None
    author_id: UUID | None = None
    claimed: Claimed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts:
    """Open cases that a moderator may decide. A `hold` waits hidden, a `flag` is public."""

    open: int
    hold: int
    flag: int
    claimed: int
    mine: int
    oldest_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTotal:
    """All open cases of a queue; without a name, of those that no queue holds."""

    name: str
    counts: QueueCounts
    target_seconds: int | None = None


def cases(*, actor: Actor, wanted: CaseFilter) -> "QuerySet[Case]":
    """Return cases by priority: the most urgent and severest first, then the oldest.

    Cases in which the moderator is a party are left out: others decide those.
    """
    found = _decidable(actor).filter(in_states(wanted.states))
    fields: dict[str, Any] = {
        "queue_id": wanted.queue_id,
        "scope_id": wanted.scope_id,
        "categories__contains": [wanted.category] if wanted.category else None,
        "author_id": wanted.author_id,
    }
    found = found.filter(**{name: value for name, value in fields.items() if value is not None})
    if wanted.origin is not None:
        found = found.filter(Q(origin=wanted.origin) | Q(joined_origins__contains=[wanted.origin]))
    if wanted.claimed is not None:
        found = found.filter(_claimed(wanted.claimed, actor.id))
    return found.select_related(*PEOPLE).order_by(*ORDER)


def ranked(found: "QuerySet[Any]") -> "QuerySet[Any]":
    """Return cases with their place in the order as `rank`, for cursors: then ids, by time."""
    rank = ExpressionWrapper(-F("priority") * 10.0 - F("score"), output_field=FloatField())
    placed: QuerySet[Any] = found.annotate(rank=rank)
    return placed


def state_of(case: Case) -> CaseState:
    """Return the state of a case as it is shown, by the clock of this process."""
    if case.state != Case.State.OPEN:
        return CaseState(case.state)
    if case.snoozed_until is not None and case.snoozed_until > clock.estimated():
        return CaseState.SNOOZED
    return CaseState.OPEN if case.escalated_at is None else CaseState.ESCALATED


def case_counts(*, actor: Actor, scope_id: UUID | None = None) -> CaseCounts:
    """Count the open cases that the moderator may decide, in one room or in all."""
    found = _decidable(actor).filter(in_states(CaseFilter().states))
    if scope_id is not None:
        found = found.filter(scope_id=scope_id)
    counted = found.aggregate(
        open=Count("pk"),
        hold=Count("pk", filter=Q(origin=Case.Origin.HOLD)),
        flag=Count("pk", filter=Q(origin=Case.Origin.FLAG)),
        claimed=Count("pk", filter=_claimed(Claimed.TRUE, actor.id)),
        mine=Count("pk", filter=_claimed(Claimed.ME, actor.id)),
        oldest=Now() - Min("created_at"),
    )
    oldest = counted.pop("oldest")
    return CaseCounts(**counted, oldest_seconds=int(oldest.total_seconds()) if oldest else None)


def counts_by_queue(actor: Actor) -> dict[UUID | None, QueueCounts]:
    """Count the open cases that the moderator may decide, by their queue."""
    return queue_counts(_decidable(actor).filter(in_states(CaseFilter().states)))


def queue_totals() -> list[QueueTotal]:
    """Count all open cases of each queue, for the metrics."""
    queues = list(Queue.objects.order_by("position", "name"))
    is_open = Case.objects.filter(in_states(CaseFilter().states))
    counts = queue_counts(placed(is_open, queues))
    totals = [
        QueueTotal(
            name=queue.name,
            counts=counts.get(queue.pk, NO_CASES),
            target_seconds=queue.target_seconds,
        )
        for queue in queues
    ]
    return [*totals, QueueTotal(name="", counts=counts.get(None, NO_CASES))]


def get_case(*, actor: Actor, case_id: UUID) -> Case:
    """Return the case with its texts and its `queue_id`.

    Raises:
        NotFound: It does not exist, or belongs to other moderators or to a queue without access.
    """
    case: Case = _first(_seen(actor).select_related(*PEOPLE).filter(pk=case_id))
    return with_texts([case])[0]


def get_case_without_texts(*, actor: Actor, case_id: UUID) -> Case:
    """Return the case with its `queue_id`, to decide about it.

    Raises:
        NotFound: As by `get_case`.
    """
    case: Case = _first(_seen(actor).filter(pk=case_id))
    return case


def subject_of_case(*, actor: Actor, case_id: UUID) -> tuple[str, UUID]:
    """Return type and id of the subject of a case that `get_case` would return.

    Raises:
        NotFound: As by `get_case`.
    """
    found = _seen(actor).filter(pk=case_id).values_list("subject_type", "subject_id")
    subject: tuple[str, UUID] = _first(found)
    return subject


def _first(found: "QuerySet[Any]") -> Any:
    first = found.first()
    if first is None:
        raise NotFound
    return first


def _seen(actor: Actor) -> "QuerySet[Any]":
    found = with_queue(Case.objects.all(), queues_of(actor.id))
    if not actor.sees_restricted:
        found = without_restricted_cases(found)
    return found if actor.scope_ids is None else found.filter(scope_id__in=actor.scope_ids)


def _decidable(actor: Actor) -> "QuerySet[Any]":
    return of_others(_seen(actor), user_id=actor.id)


def in_states(states: Collection[CaseState]) -> Q:
    """Return the condition of cases that are shown in one of these states."""
    is_snoozed = Q(snoozed_until__isnull=False, snoozed_until__gt=Now())
    conditions = {
        CaseState.DECIDED: Q(state=Case.State.DECIDED),
        CaseState.CLOSED: Q(state=Case.State.CLOSED),
        CaseState.OPEN: Q(state=Case.State.OPEN, escalated_at=None) & ~is_snoozed,
        CaseState.SNOOZED: Q(state=Case.State.OPEN) & is_snoozed,
        CaseState.ESCALATED: Q(state=Case.State.OPEN, escalated_at__isnull=False) & ~is_snoozed,
    }
    found = Q(pk=None)
    for state in states:
        found |= conditions[state]
    return found


def _claimed(claimed: Claimed, viewer_id: UUID) -> Q:
    is_claimed = Q(claimed_by__isnull=False, claimed_until__gte=Now())
    match claimed:
        case Claimed.FALSE:
            return ~is_claimed
        case Claimed.TRUE:
            return is_claimed
        case Claimed.ME:
            return is_claimed & Q(claimed_by=viewer_id)
        case Claimed.OTHERS:
            return is_claimed & ~Q(claimed_by=viewer_id)
