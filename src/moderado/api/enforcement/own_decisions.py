"""What was decided about oneself, and appeals: /api/me/decisions/ and /api/chat/reports/{id}/."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from moderado.api.authentication import ALSO_WHEN_BANNED
from moderado.api.bodies import body_of
from moderado.api.callers import caller
from moderado.api.pagination import Cursor, MalformedCursor, NewestFirstPagination
from moderado.api.schemas import CURSOR, PAGE_SIZE, Link, validated
from moderado.enforcement.models import Appeal
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.selectors.appeals import own_appeals
from moderado.enforcement.selectors.decisions import Position, decisions_about
from moderado.enforcement.services import appeals
from moderado.enforcement.services.appeals import TEXT_LENGTH
from moderado.enforcement.views import AppealView, DecisionView

MAX_PAGE = 100


class DecisionPage(msgspec.Struct):
    """A page of the decisions about oneself, newest first."""

    next: Link | None
    previous: Link | None
    results: tuple[DecisionView, ...]


class OwnAppealPage(msgspec.Struct):
    """A page of one's own appeals, newest first."""

    next: Link | None
    previous: Link | None
    results: tuple[AppealView, ...]


class PageQuery(serializers.Serializer[Any]):
    cursor = serializers.CharField(required=False, max_length=512)
    page_size = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=20)


class AppealInput(serializers.Serializer[Any]):
    text = serializers.CharField(
        max_length=TEXT_LENGTH, help_text="Why the decision is wrong. One appeal a decision."
    )


_EXAMPLE = OpenApiExample(
    "An appeal", {"text": "Era uma citação de uma música."}, request_only=True
)


class Decisions(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="list_own_decisions",
        parameters=[CURSOR, PAGE_SIZE],
        responses=DecisionPage,
    )
    def get(self, request: Request) -> Response:
        """List what moderators and machines decided about you, newest first.

        Each says who decided, why, until when it lasts, and until when you may appeal.
        """
        asked = validated(PageQuery, request.query_params.dict())
        size = asked["page_size"]
        found = decisions_about(
            caller(request).user_id, before=_position(asked.get("cursor")), limit=size + 1
        )
        following = None
        if len(found) > size:
            moment, last_id = found[size - 1].key
            cursor = Cursor("<", moment.isoformat(), str(last_id)).encoded()
            following = replace_query_param(request.build_absolute_uri(), "cursor", cursor)
        results = [body_of(each.view) for each in found[:size]]
        return Response({"next": following, "previous": None, "results": results})


class MyAppeals(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="list_own_appeals", parameters=[CURSOR, PAGE_SIZE], responses=OwnAppealPage
    )
    def get(self, request: Request) -> Response:
        """List your appeals of decisions and reports with state and outcome, newest first."""
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(own_appeals(caller(request).user_id), request, view=self)
        return pages.get_paginated_response([body_of(appeal_view(each)) for each in page])


class AppealingDecision(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="appeal_decision",
        request=AppealInput,
        responses={201: AppealView, 200: AppealView},
        examples=[_EXAMPLE],
    )
    def post(self, request: Request, decision_id: UUID) -> Response:
        """Appeal a decision about you. Another person than the first decider decides it.

        200: you have appealed it with this text already. 409 with another text.
        """
        text = validated(AppealInput, request.data)["text"]
        return _answer(
            *appeals.appeal_decision(
                user_id=caller(request).user_id, decision_id=decision_id, text=text
            )
        )


class AppealingReport(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="appeal_report",
        request=AppealInput,
        responses={201: AppealView, 200: AppealView},
        examples=[_EXAMPLE],
    )
    def post(self, request: Request, report_id: UUID) -> Response:
        """Appeal that no action was taken on your report."""
        text = validated(AppealInput, request.data)["text"]
        return _answer(
            *appeals.appeal_report(user_id=caller(request).user_id, report_id=report_id, text=text)
        )


def _answer(appeal: Appeal, created: bool) -> Response:  # noqa: FBT001  (as the service returns it)
    return Response(body_of(appeal_view(appeal)), status=201 if created else 200)


def _position(encoded: str | None) -> Position | None:
    if not encoded:
        return None
    cursor = Cursor.decoded(encoded)
    try:
        moment = datetime.fromisoformat(cursor.first)
        last_id = UUID(cursor.second)
    except ValueError:
        raise MalformedCursor from None
    if moment.tzinfo is None:
        raise MalformedCursor
    return moment, last_id
