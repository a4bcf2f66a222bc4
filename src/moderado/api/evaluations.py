"""Evaluations, for staff with the permissions: /api/moderation/evaluations/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import require
from moderado.api.evaluation_bodies import (
    OPTIONS,
    EvaluationBody,
    EvaluationInput,
    EvaluationSummary,
)
from moderado.api.pagination import NumberedPages
from moderado.api.schemas import validated
from moderado.chat.selectors.places import place_of
from moderado.moderation import selectors
from moderado.moderation.services import evaluations


class Evaluations(ListAPIView[Any]):
    serializer_class = EvaluationSummary
    pagination_class = NumberedPages

    @extend_schema(operation_id="list_evaluations")
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the evaluations, newest first, without their results."""
        require(request, rights.VIEW_EVALUATION)
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="request_evaluation", request=EvaluationInput, responses={201: EvaluationBody}
    )
    def post(self, request: Request) -> Response:
        """Start an evaluation. A worker runs it: poll `GET evaluations/{id}/` for its progress.

        409 `too_many_evaluations` while too many wait.
        """
        actor = require(request, rights.ADD_EVALUATION)
        asked = validated(EvaluationInput, request.data)
        client_id = asked.pop("client_id", None)
        room_id = asked.pop("room", None)
        if room_id is not None:
            place_of(room_id)  # 404 for one that does not exist
        options = {name: asked.pop(name) for name in OPTIONS if name in asked}
        evaluation = evaluations.request_evaluation(
            actor_id=actor.id,
            request=evaluations.EvaluationRequest(scope_id=room_id, options=options, **asked),
            client_id=client_id,
        )
        return Response(EvaluationBody(evaluation).data, status=201)

    def get_queryset(self) -> Any:
        return selectors.evaluations()


class OneEvaluation(APIView):
    @extend_schema(operation_id="get_evaluation", responses=EvaluationBody)
    def get(self, request: Request, evaluation_id: UUID) -> Response:
        """Return an evaluation with its progress and what it has found so far."""
        require(request, rights.VIEW_EVALUATION)
        return Response(EvaluationBody(evaluations.get_evaluation(evaluation_id)).data)


class CancellingEvaluation(APIView):
    @extend_schema(operation_id="cancel_evaluation", request=None, responses=EvaluationBody)
    def post(self, request: Request, evaluation_id: UUID) -> Response:
        """End an evaluation. What it has found so far stays. 409 `evaluation_ended`."""
        actor = require(request, rights.ADD_EVALUATION)
        ended = evaluations.cancel(actor_id=actor.id, evaluation_id=evaluation_id)
        return Response(EvaluationBody(ended).data)
