"""Lists of rulings, reports and notices for moderators: /api/enforcement/."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import may, require, sees_restricted
from moderado.api.enforcement.case_bodies import (
    SUBJECT_TYPES,
    NoticeOnCaseBody,
    ReportOnCaseBody,
    RulingBody,
)
from moderado.api.enforcement.cases import check_room, moderator
from moderado.api.fields import IdField
from moderado.api.pagination import NewestFirstPagination
from moderado.api.schemas import CURSOR, PAGE_SIZE, PersonField, validated
from moderado.enforcement.labels import NOTICE_ROLE_CODES, REPORT_CATEGORY_CODES
from moderado.enforcement.selectors import staff_lists as selectors
from moderado.enforcement.selectors.reports import reporter_records
from moderado.enforcement.services.restricted_looks import audit_views
from moderado.enforcement.types import (
    Actor,
    ContentOutcome,
    NoticeOutcome,
    NoticeState,
    ReportOutcome,
    ReportState,
)

_CONTENTS = [each.value for each in ContentOutcome]
_BOOLEAN = ["true", "false"]


class RulingQuery(serializers.Serializer[Any]):
    room = IdField(required=False, source="scope_id")
    author = IdField(required=False, source="author_id", help_text="About this person.")
    actor = IdField(required=False, source="actor_id", help_text="Who decided.")
    case = IdField(required=False, source="case_id")
    bulk = IdField(required=False, source="bulk_id", help_text="Part of this ruling in bulk.")
    content = serializers.ChoiceField(choices=_CONTENTS, required=False)
    state = serializers.ChoiceField(
        choices=selectors.RULING_STATES,
        required=False,
        help_text="`pending`: can be undone yet; `standing`: not any more.",
    )
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Before this moment.")


class ReportQuery(serializers.Serializer[Any]):
    room = IdField(required=False, source="scope_id")
    subject_type = serializers.ChoiceField(choices=SUBJECT_TYPES, required=False)
    subject = IdField(required=False, source="subject_id")
    reporter = IdField(required=False, source="reporter_id")
    category = serializers.ChoiceField(choices=REPORT_CATEGORY_CODES, required=False)
    state = serializers.ChoiceField(choices=[each.value for each in ReportState], required=False)
    outcome = serializers.ChoiceField(
        choices=[each.value for each in ReportOutcome], required=False
    )


class NoticeQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=[each.value for each in NoticeState], required=False)
    role = serializers.ChoiceField(choices=NOTICE_ROLE_CODES, required=False)
    category = serializers.ChoiceField(choices=REPORT_CATEGORY_CODES, required=False)
    outcome = serializers.ChoiceField(
        choices=[each.value for each in NoticeOutcome], required=False
    )
    overdue = serializers.ChoiceField(
        choices=_BOOLEAN, required=False, help_text="Whether it waits past its `due_at`."
    )


class ListedRulingBody(RulingBody):
    """A ruling, and what it is about."""

    subject_type = serializers.CharField()
    subject = serializers.UUIDField(source="subject_id")
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    author = PersonField(allow_null=True)
    undo_until = serializers.DateTimeField()


class RulingPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ListedRulingBody(many=True)


class ListedReportBody(ReportOnCaseBody):
    """A report, and what became of it."""

    subject_type = serializers.CharField()
    subject = serializers.UUIDField(source="subject_id")
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    case = serializers.UUIDField(source="case_id")
    state = serializers.ChoiceField(choices=[each.value for each in ReportState])
    outcome = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class ReportForStaffPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ListedReportBody(many=True)


class ListedNoticeBody(NoticeOnCaseBody):
    """A notice, and what became of it."""

    id = serializers.UUIDField()
    case = serializers.UUIDField(source="case_id", allow_null=True)
    state = serializers.ChoiceField(choices=[each.value for each in NoticeState])
    outcome = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class NoticePage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ListedNoticeBody(many=True)


class Rulings(APIView):
    @extend_schema(
        operation_id="list_rulings",
        parameters=[RulingQuery, CURSOR, PAGE_SIZE],
        responses=RulingPage,
    )
    def get(self, request: Request) -> Response:
        """List rulings on the cases that you may see, newest first.

        Cases in which you are a party are left out, and restricted ones without the right.
        """
        actor = moderator(request, rights.VIEW_CASE)
        asked = validated(RulingQuery, request.query_params.dict())
        check_room(actor, asked.get("scope_id"))
        found = selectors.rulings_for(actor, wanted=selectors.RulingFilter(**asked))
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(found, request, view=self)
        audit_views(actor_id=actor.id, cases=[each.case for each in page])
        return pages.get_paginated_response(ListedRulingBody(page, many=True).data)


class StaffReports(APIView):
    @extend_schema(
        operation_id="list_reports",
        parameters=[ReportQuery, CURSOR, PAGE_SIZE],
        responses=ReportForStaffPage,
    )
    def get(self, request: Request) -> Response:
        """List reports on the cases that you may see, newest first.

        Cases in which you are a party, as by a report of your own, are left out.
        """
        actor = moderator(request, rights.VIEW_CASE)
        asked = validated(ReportQuery, request.query_params.dict())
        check_room(actor, asked.get("scope_id"))
        found = selectors.reports_for(actor, wanted=selectors.ReportFilter(**asked))
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(found, request, view=self)
        audit_views(actor_id=actor.id, cases=[each.case for each in page])
        if may(request, rights.SUSPEND_REPORTING):
            records = reporter_records({each.reporter_id for each in page})
            for each in page:
                each.reporter_record = records[each.reporter_id]
        return pages.get_paginated_response(ListedReportBody(page, many=True).data)


class StaffNotices(APIView):
    @extend_schema(
        operation_id="list_notices",
        parameters=[NoticeQuery, CURSOR, PAGE_SIZE],
        responses=NoticePage,
    )
    def get(self, request: Request) -> Response:
        """List notices of persons without an account, newest first. For the server's staff.

        E-mail addresses are on the pages of the admin alone.
        """
        user = require(request, rights.VIEW_CASE)
        asked = validated(NoticeQuery, request.query_params.dict())
        overdue = asked.pop("overdue", None)
        actor = Actor(id=user.id, scope_ids=None, sees_restricted=sees_restricted(request))
        wanted = selectors.NoticeFilter(
            is_overdue=None if overdue is None else overdue == "true", **asked
        )
        pages = NewestFirstPagination()
        found = selectors.notices_for(actor, wanted=wanted)
        page = pages.paginate_queryset(found, request, view=self)
        cases = [each.case for each in page if each.case is not None]
        audit_views(actor_id=user.id, cases=cases)
        return pages.get_paginated_response(ListedNoticeBody(page, many=True).data)
