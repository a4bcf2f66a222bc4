"""Measures on rooms against raids: /api/enforcement/rooms/{id}/freeze/ and its like."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import caller, moderated_scopes
from moderado.api.fields import ActIdField
from moderado.api.repeats import once
from moderado.api.schemas import StrictInput, validated
from moderado.chat.models import Room
from moderado.chat.services import room_measures

_UNTIL = {"until": "2026-11-28T18:00:00Z"}
_EXAMPLE = [OpenApiExample("Until the evening", _UNTIL, request_only=True)]


class RoomMeasureInput(StrictInput):
    until = serializers.DateTimeField(allow_null=True, help_text="Null ends the measure now.")
    client_id = ActIdField()


class SlowModeInput(RoomMeasureInput):
    seconds = serializers.IntegerField(
        required=False, default=30, help_text="Between two messages of a member: 1 to 21,600."
    )


class MeasuresBody(serializers.Serializer[Any]):
    """The measures on a room. A moment in the past is over."""

    room = serializers.UUIDField(source="id")
    frozen_until = serializers.DateTimeField(allow_null=True)
    newcomers_wait_until = serializers.DateTimeField(allow_null=True)
    slow_mode_until = serializers.DateTimeField(allow_null=True)
    slow_mode_seconds = serializers.IntegerField(allow_null=True)


def _measures_now(_view: APIView, request: Request, room_id: UUID, **_: object) -> Response:
    scope_ids = moderated_scopes(request, rights.ADD_SANCTION)
    room = room_measures.measures_on(scope_ids=scope_ids, room_id=room_id)
    return Response(MeasuresBody(room).data)


class Freezing(APIView):
    @extend_schema(
        operation_id="freeze_room",
        request=RoomMeasureInput,
        responses={200: MeasuresBody},
        examples=_EXAMPLE,
    )
    @once("freeze_room", present=_measures_now)
    def post(self, request: Request, room_id: UUID) -> Response:
        """Make a room read-only until `until`. Its moderators still write.

        Members who write get 403 `room_frozen`.
        """
        return _taken(room_measures.freeze_room, request, room_id, RoomMeasureInput)


class NewcomersWaiting(APIView):
    @extend_schema(
        operation_id="let_newcomers_wait",
        request=RoomMeasureInput,
        responses={200: MeasuresBody},
        examples=_EXAMPLE,
    )
    @once("let_newcomers_wait", present=_measures_now)
    def post(self, request: Request, room_id: UUID) -> Response:
        """Let only those write until `until` who joined the room a day ago or earlier.

        Others who write get 403 `newcomers_wait`.
        """
        return _taken(room_measures.let_newcomers_wait, request, room_id, RoomMeasureInput)


class SlowMode(APIView):
    @extend_schema(
        operation_id="slow_room",
        request=SlowModeInput,
        responses={200: MeasuresBody},
        examples=[OpenApiExample("A minute", {**_UNTIL, "seconds": 60}, request_only=True)],
    )
    @once("slow_room", present=_measures_now)
    def post(self, request: Request, room_id: UUID) -> Response:
        """Let members write once in `seconds` until `until`. Its moderators do not wait.

        Members who write earlier get 429 `slow_mode`.
        """
        return _taken(room_measures.slow_room, request, room_id, SlowModeInput)


def _taken(
    measure: Callable[..., Room], request: Request, room_id: UUID, inputs: type[RoomMeasureInput]
) -> Response:
    """Take a measure on a room that the caller moderates, and answer with all that it has."""
    room = measure(
        actor_id=caller(request).user_id,
        scope_ids=moderated_scopes(request, rights.ADD_SANCTION),
        room_id=room_id,
        **validated(inputs, request.data),
    )
    return Response(MeasuresBody(room).data)
