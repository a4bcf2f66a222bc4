"""Rulings, reports and notices, as moderators who may see their cases find them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from moderado.enforcement.models import BulkRuling, Notice, Purge, Report, Ruling
from moderado.enforcement.selectors.parties import of_others
from moderado.enforcement.selectors.queues import in_open_queues
from moderado.enforcement.selectors.restricted import records_for_others
from moderado.enforcement.types import Actor, NoticeState
from moderado.moderation.restricted_cases import RESTRICTED

RULING_STATES = ("pending", "standing", "undone", "reversed")


class RulingFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of the list of rulings. None does not filter.

    `state`: `pending` can be undone yet, `standing` not any more; `undone` or `reversed` are over.
    """

    scope_id: UUID | None = None
    author_id: UUID | None = None
    actor_id: UUID | None = None
    case_id: UUID | None = None
    bulk_id: UUID | None = None
    content: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class ReportFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of the list of reports. None does not filter."""

    scope_id: UUID | None = None
    subject_type: str | None = None
    subject_id: UUID | None = None
    reporter_id: UUID | None = None
    category: str | None = None
    state: str | None = None
    outcome: str | None = None


class NoticeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Filters of the list of notices. None does not filter."""

    state: str | None = None
    role: str | None = None
    category: str | None = None
    outcome: str | None = None
    is_overdue: bool | None = None


def rulings_for(actor: Actor, *, wanted: RulingFilter) -> QuerySet[Ruling]:
    """Return the rulings on cases that a moderator may see, and in which they are no party."""
    reversed_by = Ruling.objects.filter(reverses=OuterRef("pk"), undone_at=None)
    found = _seen(actor, Ruling.objects.alias(is_reversed=Exists(reversed_by)))
    found = found.filter(**_chosen(wanted, "state", "since", "until"))
    if wanted.since is not None:
        found = found.filter(created_at__gte=wanted.since)
    if wanted.until is not None:
        found = found.filter(created_at__lt=wanted.until)
    states = {
        "pending": Q(undone_at=None, is_reversed=False, undo_until__gt=Now()),
        "standing": Q(undone_at=None, is_reversed=False, undo_until__lte=Now()),
        "undone": Q(undone_at__isnull=False),
        "reversed": Q(undone_at=None, is_reversed=True),
    }
    if wanted.state is not None:
        found = found.filter(states[wanted.state])
    return found.select_related("case", "actor", "author")


def reports_for(actor: Actor, *, wanted: ReportFilter) -> QuerySet[Report]:
    """Return the reports on cases that a moderator may see, and in which they are no party."""
    found = _seen(actor, Report.objects.all()).filter(**_chosen(wanted))
    return found.select_related("case", "reporter")


def notices_for(actor: Actor, *, wanted: NoticeFilter) -> QuerySet[Notice]:
    """Return the notices that staff may see: also those that no case has taken up."""
    found = of_others(Notice.objects.all(), user_id=actor.id, case="case")
    if not actor.sees_restricted:
        codes = list(RESTRICTED)
        found = found.exclude(case__categories__overlap=codes).exclude(category__in=codes)
    found = in_open_queues(found, user_id=actor.id).filter(**_chosen(wanted, "is_overdue"))
    overdue = Q(state=NoticeState.OPEN, due_at__lte=Now())
    if wanted.is_overdue is not None:
        found = found.filter(overdue if wanted.is_overdue else ~overdue)
    return found.select_related("case")


def bulk_rulings_for(actor: Actor, *, state: str | None = None) -> QuerySet[BulkRuling]:
    """Return rulings in bulk: for staff all, for other moderators their own."""
    found = BulkRuling.objects.all()
    if actor.scope_ids is not None:
        found = found.filter(actor=actor.id)
    return found if state is None else found.filter(state=state)


def purges_for(
    actor: Actor,
    *,
    user_id: UUID | None = None,
    scope_id: UUID | None = None,
    state: str | None = None,
) -> QuerySet[Purge]:
    """Return purges: for staff all, for other moderators those in their rooms alone."""
    found = Purge.objects.all()
    if actor.scope_ids is not None:
        rooms = list(actor.scope_ids)
        found = found.filter(scope_ids__len__gt=0, scope_ids__contained_by=rooms)
    columns = {"user_id": user_id, "scope_id": scope_id, "state": state}
    return found.filter(**{name: each for name, each in columns.items() if each is not None})


def _seen(actor: Actor, records: "QuerySet[Any]") -> "QuerySet[Any]":
    """Return the records, with a `case`, of the cases that `selectors.cases` shows."""
    found = of_others(records, user_id=actor.id, case="case")
    if not actor.sees_restricted:
        found = records_for_others(found)
    if actor.scope_ids is not None:
        found = found.filter(case__scope_id__in=actor.scope_ids)
    return in_open_queues(found, user_id=actor.id)


def _chosen(wanted: msgspec.Struct, *others: str) -> Mapping[str, Any]:
    """Return the conditions on columns: the filters that are given, but those named."""
    given = msgspec.structs.asdict(wanted).items()
    return {name: value for name, value in given if value is not None and name not in others}
