"""Members who may not report for a time, for staff: /api/enforcement/report-suspensions/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import require
from moderado.api.enforcement.sanction_inputs import TermField
from moderado.api.fields import ActIdField, IdField
from moderado.api.pagination import NewestFirstPagination
from moderado.api.repeats import once
from moderado.api.schemas import CURSOR, PAGE_SIZE, PersonField, StrictInput, validated
from moderado.enforcement.selectors.reports import suspensions
from moderado.enforcement.services import suspensions as service
from moderado.enforcement.views import STATES
from moderado.enforcement.written_reasons import NOTE_LENGTH, REASON_LENGTH


class SuspensionInput(StrictInput):
    client_id = ActIdField()
    user = IdField()
    term_seconds = TermField(help_text="How long it lasts.")
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="The member sees it.")
    public_note = serializers.CharField(
        max_length=NOTE_LENGTH, required=False, allow_blank=True, help_text="The member sees it."
    )


class SuspensionQuery(serializers.Serializer[Any]):
    user = IdField(required=False)
    state = serializers.ChoiceField(choices=STATES, required=False)


class SuspensionLiftInput(StrictInput):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class SuspensionBody(serializers.Serializer[Any]):
    """A suspension, with the numbers of the reporter's record that justified it."""

    id = serializers.UUIDField()
    user = PersonField()
    reason = serializers.CharField()
    public_note = serializers.CharField()
    created_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    lifted_at = serializers.DateTimeField(allow_null=True)
    lift_reason = serializers.CharField()
    decided_reports = serializers.IntegerField()
    rejected_reports = serializers.IntegerField()


class SuspensionPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SuspensionBody(many=True)


def _suspension_now(_view: APIView, request: Request, made: UUID) -> Response:
    require(request, rights.SUSPEND_REPORTING)
    return Response(SuspensionBody(suspensions().get(pk=made)).data)


class Suspensions(APIView):
    @extend_schema(
        operation_id="list_report_suspensions",
        parameters=[SuspensionQuery, CURSOR, PAGE_SIZE],
        responses=SuspensionPage,
    )
    def get(self, request: Request) -> Response:
        """List the suspensions from reporting, newest first. For staff with the permission."""
        require(request, rights.SUSPEND_REPORTING)
        asked = validated(SuspensionQuery, request.query_params.dict())
        found = suspensions(user_id=asked.get("user"), state=asked.get("state"))
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(SuspensionBody(page, many=True).data)

    @extend_schema(
        operation_id="suspend_reporting",
        request=SuspensionInput,
        responses={201: SuspensionBody, 200: SuspensionBody},
    )
    @once("suspend_reporting", present=_suspension_now)
    def post(self, request: Request) -> Response:
        """Suspend a member from reporting. The member gets a notice with reason and term.

        200: a repeat with the same `client_id`, with the suspension as it is now.

        409 `criteria_not_met` unless their record meets the criteria of the server.
        """
        actor = require(request, rights.SUSPEND_REPORTING)
        asked = validated(SuspensionInput, request.data)
        suspension = service.suspend_reporting(
            actor_id=actor.id,
            user_id=asked["user"],
            term=asked["term_seconds"],
            reason=asked["reason"],
            public_note=asked.get("public_note", ""),
        )
        return Response(SuspensionBody(suspension).data, status=201)


class LiftingSuspension(APIView):
    @extend_schema(
        operation_id="lift_report_suspension", request=SuspensionLiftInput, responses=SuspensionBody
    )
    def post(self, request: Request, suspension_id: UUID) -> Response:
        """Lift a suspension. A repeat changes nothing."""
        actor = require(request, rights.SUSPEND_REPORTING)
        asked = validated(SuspensionLiftInput, request.data)
        suspension = service.lift_suspension(
            actor_id=actor.id, suspension_id=suspension_id, reason=asked["reason"]
        )
        return Response(SuspensionBody(suspension).data)
