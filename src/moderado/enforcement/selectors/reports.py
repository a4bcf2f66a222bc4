"""Reports as their reporter sees them, and what the record of a reporter says."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from moderado.core import clock
from moderado.enforcement.appeal_terms import appeal_end
from moderado.enforcement.models import Appeal, Report, ReportingSuspension, Ruling
from moderado.enforcement.types import SHOWING, DecisionType, ReportOutcome, ReportState
from moderado.enforcement.views import ReportView


class ReporterRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How many reports of a member were decided lately, and how.

    Reports of which nothing follows for the reporter, such as of a text that stays flagged, are
    not counted.
    """

    upheld: int
    rejected: int

    @property
    def decided(self) -> int:
        return self.upheld + self.rejected

    @property
    def weight(self) -> float:
        """The expected share of upheld reports: 0.5 for a new reporter (rule of succession)."""
        return (self.upheld + 1) / (self.decided + 2)

    @property
    def may_be_suspended(self) -> bool:
        """Whether the criteria of the server for a suspension are met."""
        share = self.rejected / self.decided if self.decided else 0.0
        return (
            self.decided >= settings.ENV.report_suspension_reports
            and share >= settings.ENV.report_suspension_share
        )


NO_RECORD = ReporterRecord(upheld=0, rejected=0)


def reporter_record(user_id: UUID) -> ReporterRecord:
    """Return the record of a reporter within `REPORT_SUSPENSION_DAYS`."""
    return reporter_records([user_id])[user_id]


def reporter_records(user_ids: Collection[UUID]) -> Mapping[UUID, ReporterRecord]:
    """Return the records of reporters, as `reporter_record`, in one statement."""
    since = Now() - timedelta(days=settings.ENV.report_suspension_days)
    decided = Report.objects.filter(reporter__in=user_ids, decided_at__gt=since)
    counted = (
        decided.order_by()
        .values_list("reporter_id")
        .annotate(
            upheld=Count("id", filter=Q(is_upheld=True)),
            rejected=Count("id", filter=Q(is_upheld=False)),
        )
    )
    found = {
        user_id: ReporterRecord(upheld=upheld, rejected=rejected)
        for user_id, upheld, rejected in counted
    }
    return {user_id: found.get(user_id, NO_RECORD) for user_id in user_ids}


def current_suspension(user_id: UUID) -> ReportingSuspension | None:
    """Return the suspension that keeps a member from reporting now."""
    theirs = ReportingSuspension.objects.filter(user=user_id, lifted_at=None, ends_at__gt=Now())
    return theirs.order_by("-ends_at").first()


def suspensions(
    *, user_id: UUID | None = None, state: str | None = None
) -> QuerySet[ReportingSuspension]:
    """Return suspensions, newest first.

    Args:
        user_id: Of this member only.
        state: In this state only, a value of `views.STATES`.
    """
    found = ReportingSuspension.objects.select_related("user").order_by("-created_at", "-id")
    if user_id is not None:
        found = found.filter(user=user_id)
    match state:
        case "active":
            return found.filter(lifted_at=None, ends_at__gt=Now())
        case "lifted":
            return found.filter(lifted_at__isnull=False)
        case "expired":
            return found.filter(lifted_at=None, ends_at__lte=Now())
        case _:
            return found


def reports_of(user_id: UUID) -> QuerySet[Report]:
    """Return the reports that a member made, newest first."""
    return Report.objects.filter(reporter=user_id).order_by("-created_at", "-id")


def report_views(reports: Collection[Report]) -> list[ReportView]:
    """Return reports as their reporters see them, in two statements more at most."""
    ended = [each for each in reports if each.outcome == ReportOutcome.NO_ACTION]
    ids = [each.id for each in ended]
    appeals = Appeal.objects.filter(decision_type=DecisionType.REPORT, decision_id__in=ids)
    states = {each.decision_id: each for each in appeals} if ids else {}
    replaced = _replaced([each.ruling_id for each in ended if each.ruling_id is not None])
    return [_view(each, states, replaced) for each in reports]


def _replaced(ruling_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the rulings after whose reversal no action will not hold any more.

    The reports change once the reversal is settled; an appeal is refused before.
    """
    if not ruling_ids:
        return frozenset()
    reversed_ones = Ruling.objects.filter(
        Exists(
            Ruling.objects.filter(reverses=OuterRef("pk"), undone_at=None).exclude(
                content__in=SHOWING
            )
        ),
        pk__in=ruling_ids,
    )
    return frozenset(reversed_ones.values_list("pk", flat=True))


def _view(report: Report, appeals: Mapping[UUID, Appeal], replaced: Collection[UUID]) -> ReportView:
    appeal, until = appeals.get(report.id), None
    is_open = appeal is None and report.ruling_id not in replaced
    if report.outcome == ReportOutcome.NO_ACTION and report.decided_at is not None:
        until = appeal_end(report.decided_at)
    return ReportView(
        id=report.id,
        subject_type=report.subject_type,
        subject=report.subject_id,
        room=report.scope_id,
        category=report.category,
        comment=report.comment,
        state=ReportState(report.state).value,
        outcome=report.outcome or None,
        created_at=report.created_at,
        decided_at=report.decided_at,
        appealable=is_open and until is not None and until > clock.estimated(),
        appeal_until=until,
        appeal=None if appeal is None else appeal.shown_state,
    )
