"""One ruling for many cases: /api/enforcement/bulk/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.enforcement.case_bodies import BulkBody, BulkInput, ReasonInput, proposal_of
from moderado.api.enforcement.cases import check_room, check_sanctions, filter_of, moderator
from moderado.api.pagination import NewestFirstPagination
from moderado.api.repeats import once
from moderado.api.schemas import CURSOR, PAGE_SIZE, validated
from moderado.enforcement.models import BulkRuling
from moderado.enforcement.selectors.staff_lists import bulk_rulings_for
from moderado.enforcement.services import bulk


class BulkQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=BulkRuling.State.values, required=False)


class BulkPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = BulkBody(many=True)


def _bulk_now(_view: APIView, request: Request, made: UUID) -> Response:
    actor = moderator(request, rights.BULK_RULE)
    return Response(BulkBody(bulk.get_bulk(actor=actor, bulk_id=made)).data)


class Bulk(APIView):
    @extend_schema(
        operation_id="list_bulk_rulings",
        parameters=[BulkQuery, CURSOR, PAGE_SIZE],
        responses=BulkPage,
    )
    def get(self, request: Request) -> Response:
        """List rulings in bulk, newest first. Moderators of rooms see their own alone."""
        actor = moderator(request, rights.BULK_RULE)
        asked = validated(BulkQuery, request.query_params.dict())
        pages = NewestFirstPagination()
        found = bulk_rulings_for(actor, state=asked.get("state"))
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(BulkBody(page, many=True).data)

    @extend_schema(
        operation_id="rule_in_bulk", request=BulkInput, responses={200: BulkBody, 202: BulkBody}
    )
    @once("bulk", present=_bulk_now)
    def post(self, request: Request) -> Response:
        """Decide all open cases that match a filter; with `dry_run` only count them.

        A worker makes one ruling a case. Those that others hold are skipped. A repeat within a
        minute answers 200 with the first one, unless it would decide other cases.
        """
        actor = moderator(request, rights.BULK_RULE)
        asked = validated(BulkInput, request.data)
        check_room(actor, asked["filter"].get("room"))
        check_sanctions(request, actor, asked["ruling"])
        wanted, proposal = filter_of(asked["filter"]), proposal_of(asked["ruling"])
        if asked["dry_run"]:
            matched = bulk.count_matching(actor=actor, wanted=wanted)
            return Response(BulkBody(_DRY | {"matched": matched}).data)
        started, is_new = bulk.start_bulk(actor=actor, wanted=wanted, proposal=proposal)
        return Response(BulkBody(started).data, status=202 if is_new else 200)


class OneBulk(APIView):
    @extend_schema(operation_id="get_bulk_ruling", responses=BulkBody)
    def get(self, request: Request, bulk_id: UUID) -> Response:
        """Return how far a ruling in bulk is."""
        actor = moderator(request, rights.BULK_RULE)
        return Response(BulkBody(bulk.get_bulk(actor=actor, bulk_id=bulk_id)).data)


class ReversingBulk(APIView):
    @extend_schema(
        operation_id="reverse_bulk_ruling", request=ReasonInput, responses={202: BulkBody}
    )
    def post(self, request: Request, bulk_id: UUID) -> Response:
        """Reverse all rulings that were made in bulk; one that runs stops."""
        actor = moderator(request, rights.REVERSE_RULING)
        bulk.get_bulk(actor=actor, bulk_id=bulk_id)  # before validation: 404 for others
        asked = validated(ReasonInput, request.data)
        stopped = bulk.reverse_bulk(actor=actor, bulk_id=bulk_id, reason=asked["reason"])
        return Response(BulkBody(stopped).data, status=202)


_DRY: dict[str, Any] = {
    "id": None,
    "state": "dry_run",
    "decided": 0,
    "skipped": 0,
    "created_at": None,
    "finished_at": None,
}
