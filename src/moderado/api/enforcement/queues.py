"""Queues of cases: /api/enforcement/queues/. Moderators read them, operators change them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import actor_of, require
from moderado.api.enforcement.case_bodies import ORIGINS, SUBJECT_TYPES
from moderado.api.enforcement.cases import moderator
from moderado.api.fields import ActIdField, IdField
from moderado.api.repeats import once
from moderado.api.schemas import StrictInput, validated
from moderado.core.errors import NotFound
from moderado.enforcement.labels import queue_label
from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.cases import counts_by_queue
from moderado.enforcement.selectors.queues import NO_CASES, open_to_user, queues_of
from moderado.enforcement.services import queues
from moderado.enforcement.types import DECIDABLE, Actor, SanctionKind
from moderado.moderation.types import Category

_MEASURES = [
    *(content.value for content in DECIDABLE),
    *(kind.value for kind in SanctionKind),
]


class QueueFilterBody(StrictInput):
    """Which cases belong to a queue; those of an earlier queue do not. Empty: all."""

    origin = serializers.ListField(child=serializers.ChoiceField(choices=ORIGINS), required=False)
    category = serializers.ListField(
        child=serializers.ChoiceField(choices=[each.value for each in Category]), required=False
    )
    room = serializers.ListField(child=IdField(), required=False)
    subject = serializers.ListField(
        child=serializers.ChoiceField(choices=SUBJECT_TYPES), required=False
    )
    min_priority = serializers.IntegerField(min_value=0, max_value=9, required=False)
    is_escalated = serializers.BooleanField(required=False)

    def to_internal_value(self, data: Any) -> Any:
        checked = super().to_internal_value(data)
        if "room" in checked:
            checked["room"] = [str(each) for each in checked["room"]]  # stored as JSON
        return dict(checked)


class QueueChange(StrictInput):
    client_id = ActIdField()
    name = serializers.CharField(max_length=64, required=False)
    position = serializers.IntegerField(
        min_value=0, max_value=32_767, required=False, help_text="The first match wins."
    )
    filter = QueueFilterBody(required=False)
    groups = serializers.ListField(
        child=serializers.CharField(max_length=150),
        required=False,
        help_text="Names of groups of staff with access. Empty: every moderator.",
    )
    measures = serializers.ListField(
        child=serializers.ChoiceField(choices=_MEASURES),
        required=False,
        help_text="What rulings may do. Empty: everything.",
    )
    target_seconds = serializers.IntegerField(min_value=60, max_value=31_536_000, required=False)


class QueueInput(QueueChange):
    name = serializers.CharField(max_length=64)


class QueueBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    title = serializers.SerializerMethodField(
        help_text="The name; that of a queue of every server in your language."
    )
    position = serializers.IntegerField()
    filter = QueueFilterBody()
    groups = serializers.SerializerMethodField()
    measures = serializers.ListField(child=serializers.ChoiceField(choices=_MEASURES))
    target_seconds = serializers.IntegerField()
    open_count = serializers.IntegerField(
        allow_null=True,
        help_text="That the caller may decide; null without the permission to see cases.",
    )
    oldest_seconds = serializers.IntegerField(allow_null=True)

    def get_title(self, queue: Any) -> str:
        return queue_label(queue.name)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_groups(self, queue: Any) -> list[str]:
        return sorted(queue.groups.values_list("name", flat=True))


class QueueList(serializers.Serializer[Any]):
    results = QueueBody(many=True)


def _queue_now(
    _view: APIView, request: Request, made: UUID, queue_id: UUID | None = None
) -> Response:
    require(request, rights.CHANGE_QUEUE if queue_id else rights.ADD_QUEUE)
    queue = Queue.objects.filter(pk=queue_id or made).first()
    if queue is None:
        raise NotFound
    return Response(_of(request, queue))


class Queues(APIView):
    @extend_schema(operation_id="list_queues", responses=QueueList)
    def get(self, request: Request) -> Response:
        """List the queues that you may see, with your open cases and the age of the oldest."""
        actor = moderator(request, rights.VIEW_CASE)
        return Response({"results": _shown(actor, open_to_user(queues_of(actor.id)))})

    @extend_schema(
        operation_id="create_queue",
        request=QueueInput,
        responses={201: QueueBody, 200: QueueBody},
    )
    @once("create_queue", present=_queue_now)
    def post(self, request: Request) -> Response:
        """Create a queue. 200: a repeat with the same `client_id`, with the queue as it is now."""
        user = require(request, rights.ADD_QUEUE)
        asked = validated(QueueInput, request.data)
        queue = queues.save_queue(actor_id=user.id, queue_id=None, **{"groups": None, **asked})
        return Response(_of(request, queue), status=201)


class OneQueue(APIView):
    @extend_schema(operation_id="change_queue", request=QueueChange, responses=QueueBody)
    @once("change_queue", present=_queue_now)
    def patch(self, request: Request, queue_id: UUID) -> Response:
        """Change the given fields of a queue. Its cases are those that match from now on."""
        user = require(request, rights.CHANGE_QUEUE)
        asked = validated(QueueChange, request.data)
        queue = queues.save_queue(actor_id=user.id, queue_id=queue_id, **{"groups": None, **asked})
        return Response(_of(request, queue))

    @extend_schema(operation_id="delete_queue", responses={204: None})
    def delete(self, request: Request, queue_id: UUID) -> Response:
        """Delete a queue. Its cases belong to the next queue that they match, or to none."""
        user = require(request, rights.DELETE_QUEUE)
        queues.delete_queue(actor_id=user.id, queue_id=queue_id)
        return Response(status=204)


def _of(request: Request, queue: Queue) -> dict[str, Any]:
    actor = actor_of(request, rights.VIEW_CASE)
    return _shown(actor if actor.scope_ids is None else None, [queue])[0]


def _shown(actor: Actor | None, found: Sequence[Queue]) -> list[dict[str, Any]]:
    """Return queues with the counts of the actor; None: without the right to see cases."""
    counts = {} if actor is None else counts_by_queue(actor)
    for queue in found:
        counted = None if actor is None else counts.get(queue.pk, NO_CASES)
        queue.open_count = counted and counted.open_count  # type: ignore[attr-defined]
        queue.oldest_seconds = counted and counted.oldest_seconds  # type: ignore[attr-defined]
    return list(QueueBody(found, many=True).data)
