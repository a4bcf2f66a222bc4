"""Appeals for moderators: /api/enforcement/appeals/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import actor_of
from moderado.api.enforcement.case_bodies import SUBJECT_TYPES
from moderado.api.enforcement.cases import check_room, moderator
from moderado.api.fields import IdField
from moderado.api.pagination import ExactCursorPagination
from moderado.api.schemas import CURSOR, PAGE_SIZE, PersonField, StrictInput, validated
from moderado.enforcement.selectors.appeals import AppealFilter, appeal_counts, appeals_for
from moderado.enforcement.services.appeal_decisions import (
    decide_appeal,
)
from moderado.enforcement.services.restricted_looks import audit_views_about
from moderado.enforcement.types import (
    AppealOutcome,
    AppealState,
    DecisionType,
)
from moderado.enforcement.written_reasons import NOTE_LENGTH, REASON_LENGTH

_DECISIONS = [each.value for each in DecisionType if each is not DecisionType.DELETION]
_OUTCOMES = [AppealOutcome.UPHELD.value, AppealOutcome.OVERTURNED.value]


class AppealQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=[state.value for state in AppealState], default=AppealState.OPEN.value
    )
    decision_type = serializers.ChoiceField(
        choices=_DECISIONS, required=False, help_text="What is appealed."
    )
    subject_type = serializers.ChoiceField(
        choices=SUBJECT_TYPES, required=False, help_text="What the decision is about."
    )
    room = IdField(required=False)
    overdue = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="Whether it waits past its `due_at`."
    )


class AppealDecisionInput(StrictInput):
    outcome = serializers.ChoiceField(
        choices=_OUTCOMES, help_text="What becomes of the first decision."
    )
    reason = serializers.CharField(
        max_length=REASON_LENGTH, help_text="For staff; a category may be named to the appellant."
    )
    public_note = serializers.CharField(
        max_length=NOTE_LENGTH, required=False, allow_blank=True, help_text="For the appellant."
    )


class AppealBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    decision_type = serializers.CharField()
    decision = serializers.UUIDField(source="decision_id")
    subject_type = serializers.CharField()
    subject = serializers.UUIDField(source="subject_id")
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    appellant = PersonField()
    text = serializers.CharField(help_text="Empty once it is erased.")
    case = serializers.UUIDField(
        source="case_id", allow_null=True, help_text="If set, a ruling on it decides the appeal."
    )
    state = serializers.CharField()
    outcome = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    public_note = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class AppealCountsBody(serializers.Serializer[Any]):
    """All open appeals that you may decide, whatever the filters."""

    open = serializers.IntegerField()
    overdue = serializers.IntegerField(help_text="Those of them past their `due_at`.")


class AppealPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    counts = AppealCountsBody()
    results = AppealBody(many=True)


class AppealPages(ExactCursorPagination):
    """The oldest first."""

    ordering = ("created_at", "id")


class Appeals(APIView):
    @extend_schema(
        operation_id="list_appeals",
        parameters=[AppealQuery, CURSOR, PAGE_SIZE],
        responses=AppealPage,
    )
    def get(self, request: Request) -> Response:
        """List the appeals that you may decide, the oldest first.

        Your own appeals, and those of your own decisions, are left out, and so are those whose
        case is in a queue that is closed to you. The frames `appeal_opened`,
        `appeal_overdue` and `appeal_closed` tell of changes, with the same counts.
        """
        asked = validated(AppealQuery, request.query_params.dict())
        actor = moderator(request, rights.VIEW_APPEAL)
        check_room(actor, asked.get("room"))
        pages = AppealPages()
        found = appeals_for(actor, wanted=_filter_of(asked))
        page = pages.paginate_queryset(found, request, view=self) or []
        audit_views_about(actor_id=actor.id, rows=page)
        answer = pages.get_paginated_response(AppealBody(page, many=True).data)
        answer.data["counts"] = AppealCountsBody(appeal_counts(actor)).data
        return answer


class DecidingAppeal(APIView):
    @extend_schema(operation_id="decide_appeal", request=AppealDecisionInput, responses=AppealBody)
    def post(self, request: Request, appeal_id: UUID) -> Response:
        """Decide an appeal. Overturning undoes all that followed from the first decision.

        403 `own_ruling` for the first decider. 409 `decided_by_ruling` if it has joined a case.
        """
        asked = validated(AppealDecisionInput, request.data)
        actor = actor_of(request, rights.DECIDE_APPEAL)
        appeal = decide_appeal(
            actor=actor,
            appeal_id=appeal_id,
            outcome=AppealOutcome(asked["outcome"]),
            reason=asked["reason"],
            public_note=asked.get("public_note", ""),
        )
        return Response(AppealBody(appeal).data)


def _filter_of(asked: dict[str, Any]) -> AppealFilter:
    return AppealFilter(
        state=AppealState(asked["state"]),
        decision_type=asked.get("decision_type"),
        subject_type=asked.get("subject_type"),
        scope_id=asked.get("room"),
        is_overdue=asked["overdue"] == "true" if "overdue" in asked else None,
    )
