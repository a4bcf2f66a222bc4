"""Reports of messages, persons and rooms: /api/chat/reports/."""

from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.api.authentication import ALSO_WHEN_BANNED
from moderado.api.bodies import body_of
from moderado.api.callers import caller
from moderado.api.fields import ClientIdField, IdField
from moderado.api.pagination import NewestFirstPagination
from moderado.api.schemas import CURSOR, PAGE_SIZE, Link, validated
from moderado.chat.types import MESSAGE
from moderado.core.errors import Invalid
from moderado.enforcement.labels import REPORT_CATEGORY_CODES
from moderado.enforcement.selectors.reports import report_views, reports_of
from moderado.enforcement.services import reports
from moderado.enforcement.services.reports import COMMENT_LENGTH
from moderado.enforcement.types import PERSON, ROOM
from moderado.enforcement.views import ReportView

_SUBJECTS = {"message": MESSAGE, "user": PERSON, "room": ROOM}


class ReportInput(serializers.Serializer[Any]):
    """Exactly one of `message`, `user` and `room`."""

    message = IdField(required=False, help_text="A message that you see.")
    user = IdField(required=False, help_text="A person.")
    room = IdField(required=False, help_text="A room that you may read.")
    category = serializers.ChoiceField(choices=REPORT_CATEGORY_CODES)
    comment = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=COMMENT_LENGTH,
        help_text="For moderators only.",
    )
    client_id = ClientIdField()
    revision = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Of the message, as you saw it: the `revision` beside its text. It may have been "
        "edited or deleted since.",
    )


class ReportPage(msgspec.Struct):
    """A page of one's own reports, newest first."""

    next: Link | None
    previous: Link | None
    results: tuple[ReportView, ...]


class Reports(APIView):
    @extend_schema(
        operation_id="report",
        request=ReportInput,
        responses={201: ReportView, 200: ReportView},
        examples=[
            OpenApiExample(
                "A message",
                {
                    "message": "0197b1a0-0000-7000-8000-000000000003",
                    "category": "harassment",
                    "comment": "It goes on since yesterday.",
                    "revision": 1,
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Report a message, a person or a room. 200: you have reported it already.

        The same `client_id` again returns the first report, also after the text was edited.

        With a `revision` the moderators decide about the text that you saw, also if its author has
        edited or deleted it since. 409 `text_replaced`: it was never shown, or was replaced more
        than `REPORT_REPLACED_HOURS` ago, and the message shows another one now. Name it always.

        You hear of the outcome: `report_decided`, and `chat/reports/mine/`. The person is not told
        who reported.
        """
        asked = validated(ReportInput, request.data)
        named = [name for name in _SUBJECTS if asked.get(name) is not None]
        if len(named) != 1:
            raise Invalid(fields={"message": _("Name one message, user or room.")})
        report, created = reports.report(
            reporter_id=caller(request).user_id,
            subject_type=_SUBJECTS[named[0]],
            subject_id=asked[named[0]],
            category=asked["category"],
            comment=asked.get("comment", ""),
            client_id=asked.get("client_id"),
            revision=_revision_of(named[0], asked),
        )
        (view,) = report_views([report])
        return Response(body_of(view), status=201 if created else 200)


def _revision_of(kind: str, asked: dict[str, Any]) -> int | None:
    revision: int | None = asked.get("revision")
    if revision is not None and kind != "message":
        raise Invalid(fields={"revision": _("Only messages have revisions.")})
    return revision


class MyReports(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="list_own_reports", parameters=[CURSOR, PAGE_SIZE], responses=ReportPage
    )
    def get(self, request: Request) -> Response:
        """List your reports with their state and outcome, newest first."""
        pages = NewestFirstPagination()
        own = reports_of(caller(request).user_id)
        page = pages.paginate_queryset(own, request, view=self)
        return pages.get_paginated_response([body_of(view) for view in report_views(page)])
