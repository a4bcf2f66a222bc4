"""Purges, which remove an author's latest messages: /api/enforcement/purges/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.bodies import body_of
from moderado.api.callers import caller, check_moderated, may, moderated_scopes, sees_restricted
from moderado.api.enforcement.case_bodies import ReasonInput
from moderado.api.fields import ActIdField, IdField
from moderado.api.pagination import NewestFirstPagination
from moderado.api.repeats import once
from moderado.api.schemas import CURSOR, PAGE_SIZE, StrictInput, validated
from moderado.chat.services import purge_requests
from moderado.enforcement.models import Purge
from moderado.enforcement.selectors.staff_lists import purges_for
from moderado.enforcement.services import purges
from moderado.enforcement.types import Actor
from moderado.enforcement.written_reasons import NOTE_LENGTH, REASON_LENGTH

_STATUSES = ["PENDING", "APPROVED", "HELD"]


class PurgeInput(StrictInput):
    user = IdField(help_text="The author.")
    since = serializers.DateTimeField(help_text="At most `PURGE_HOURS` ago.")
    dry_run = serializers.BooleanField(default=False, help_text="Count only.")
    client_id = ActIdField()
    room = IdField(required=False, allow_null=True, default=None, help_text="This room alone.")
    reason = serializers.CharField(
        default="spam",
        max_length=REASON_LENGTH,
        help_text="A code or a few words. The author sees it.",
    )
    public_note = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=NOTE_LENGTH,
        help_text="For the author.",
    )


class PurgeCountBody(serializers.Serializer[Any]):
    room = serializers.UUIDField()
    status = serializers.ChoiceField(choices=_STATUSES)
    count = serializers.IntegerField()


class PurgeSampleBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    room = serializers.UUIDField()
    status = serializers.ChoiceField(choices=_STATUSES)
    content = serializers.CharField(help_text="At most 200 characters of it.")
    created_at = serializers.DateTimeField()


class PurgeBody(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Null for a dry run.")
    user = serializers.UUIDField(source="user_id")
    room = serializers.UUIDField(source="scope_id", allow_null=True, help_text="Null: several.")
    since = serializers.DateTimeField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(
        choices=[*Purge.State.values, "dry_run"], help_text="`dry_run`: nothing was removed."
    )
    matched = serializers.IntegerField(help_text="Messages when it was asked for.")
    counts = PurgeCountBody(many=True, help_text="These, by room and status.")
    sample = PurgeSampleBody(
        many=True,
        default=(),
        help_text="Of a dry run: the newest ten, none of a restricted case; "
        "for staff with the permission to see messages.",
    )
    removed = serializers.IntegerField()
    restored = serializers.IntegerField(help_text="Brought back by the reversal.")
    created_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class PurgeQuery(serializers.Serializer[Any]):
    user = IdField(required=False, help_text="The author.")
    room = IdField(required=False, help_text="Of this room alone.")
    state = serializers.ChoiceField(choices=Purge.State.values, required=False)


class PurgePage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PurgeBody(many=True)


def _purge_now(_view: APIView, request: Request, made: UUID) -> Response:
    return Response(PurgeBody(purges.get_purge(actor=_actor(request), purge_id=made)).data)


class Purges(APIView):
    @extend_schema(
        operation_id="list_purges",
        parameters=[PurgeQuery, CURSOR, PAGE_SIZE],
        responses=PurgePage,
    )
    def get(self, request: Request) -> Response:
        """List purges, newest first. Moderators of rooms see those in their rooms alone."""
        actor = _actor(request)
        asked = validated(PurgeQuery, request.query_params.dict())
        check_moderated(asked.get("room"), actor.scope_ids)
        pages = NewestFirstPagination()
        found = purges_for(
            actor,
            user_id=asked.get("user"),
            scope_id=asked.get("room"),
            state=asked.get("state"),
        )
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(PurgeBody(page, many=True).data)

    @extend_schema(
        operation_id="purge_messages",
        request=PurgeInput,
        responses={200: PurgeBody, 202: PurgeBody},
    )
    @once("purge", present=_purge_now)
    def post(self, request: Request) -> Response:
        """Remove what an author has written since a moment; with `dry_run` only count it.

        A worker removes the messages in slices. Moderators of rooms purge their rooms alone. A
        repeat within a minute answers 200 with the first purge, unless the author wrote more.
        """
        actor = _actor(request)
        asked = validated(PurgeInput, request.data)
        about = {"user_id": asked["user"], "since": asked["since"], "room_id": asked["room"]}
        if asked["dry_run"]:
            # Moderators read the messages of their rooms.
            sees_texts = actor.scope_ids is not None or may(request, rights.VIEW_MESSAGE)
            preview = purge_requests.preview_purge(actor=actor, sees_texts=sees_texts, **about)
            return Response(PurgeBody(_dry(asked, body_of(preview))).data)
        purge, is_new = purge_requests.start_purge(
            actor=actor, **about, reason=asked["reason"], public_note=asked["public_note"]
        )
        return Response(PurgeBody(purge).data, status=202 if is_new else 200)


class OnePurge(APIView):
    @extend_schema(operation_id="get_purge", responses=PurgeBody)
    def get(self, request: Request, purge_id: UUID) -> Response:
        """Return how far a purge is."""
        purge = purges.get_purge(actor=_actor(request), purge_id=purge_id)
        return Response(PurgeBody(purge).data)


class ReversingPurge(APIView):
    @extend_schema(operation_id="reverse_purge", request=ReasonInput, responses={202: PurgeBody})
    def post(self, request: Request, purge_id: UUID) -> Response:
        """Bring back all messages that a purge removed; one that runs stops.

        What was erased, or what its author has deleted since, stays away.
        """
        actor = _actor(request, rights.REVERSE_RULING)
        purges.get_purge(actor=actor, purge_id=purge_id)  # before validation: 404 for others
        asked = validated(ReasonInput, request.data)
        purge = purges.reverse_purge(actor=actor, purge_id=purge_id, reason=asked["reason"])
        return Response(PurgeBody(purge).data, status=202)


def _actor(request: Request, permission: str = rights.PURGE_MESSAGES) -> Actor:
    user_id = caller(request).user_id
    scope_ids = moderated_scopes(request, permission)
    return Actor(id=user_id, scope_ids=scope_ids, sees_restricted=sees_restricted(request))


def _dry(asked: dict[str, Any], preview: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": None,
        "user_id": asked["user"],
        "scope_id": asked["room"],
        "since": asked["since"],
        "reason": asked["reason"],
        "state": "dry_run",
        "matched": sum(each["count"] for each in preview["counts"]),
        **preview,
        "removed": 0,
        "restored": 0,
        "created_at": None,
        "finished_at": None,
    }
