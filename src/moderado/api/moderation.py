"""The moderation log and the cases for moderators: /api/moderation/.

For moderators of a room, about that room; for staff with the permission, about all.
"""

from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.accounts.types import Principal
from moderado.api.pagination import ExactCursorPagination, NumberedPages
from moderado.api.schemas import CURSOR, PAGE, PAGE_SIZE, PersonField, validated
from moderado.chat.selectors.rooms import moderated_rooms
from moderado.chat.types import MESSAGE, ROOM_NAME, USER_NAME
from moderado.core.errors import Forbidden, NotFound
from moderado.moderation import selectors
from moderado.moderation.services import review
from moderado.moderation.types import Outcome

_OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]
_STATES = ["open", "decided", "closed"]
_RULINGS = [Outcome.ALLOW.value, Outcome.BLOCK.value]


class LogQuery(serializers.Serializer[Any]):
    message = serializers.UUIDField(required=False)
    subject = serializers.UUIDField(
        required=False, help_text="The id of a message, or of an account or room with a name."
    )
    room = serializers.UUIDField(required=False)
    verdict = serializers.ChoiceField(choices=_OUTCOMES, required=False)
    provider = serializers.CharField(required=False, max_length=64)


class CaseQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=_STATES, default="open")


class RulingInput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=_RULINGS)
    reason = serializers.CharField(max_length=64, help_text="A code or a few words.")
    note = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="For other moderators."
    )


class SubjectBody(serializers.Serializer[Any]):
    """What is judged. A `user_name` has the id of its account, a `room_name` of its room."""

    type = serializers.ChoiceField(choices=[MESSAGE, USER_NAME, ROOM_NAME])
    id = serializers.UUIDField()


@extend_schema_field(SubjectBody)
class SubjectField(serializers.Field[Any, None, dict[str, str], Any]):
    def to_representation(self, row: Any) -> dict[str, str]:
        return {"type": row.subject_type, "id": str(row.subject_id)}


class MatchBody(serializers.Serializer[Any]):
    provider = serializers.CharField()
    rule = serializers.CharField()
    category = serializers.CharField()
    start = serializers.IntegerField(help_text="In code points of the revision's text.")
    end = serializers.IntegerField()


class FailureBody(serializers.Serializer[Any]):
    provider = serializers.CharField()
    error = serializers.CharField()
    latency = serializers.FloatField()


class LogBody(serializers.Serializer[Any]):
    """An entry of the audit log: who judged which revision, how, and why."""

    id = serializers.UUIDField()
    message = serializers.SerializerMethodField(help_text="Null when the subject is a name.")
    subject = SubjectField(source="*")
    revision = serializers.IntegerField()
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    verdict = serializers.ChoiceField(choices=_OUTCOMES)
    score = serializers.FloatField()
    categories = serializers.DictField(child=serializers.FloatField())
    reason = serializers.CharField(allow_blank=True)
    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_blank=True)
    policy_version = serializers.CharField(allow_blank=True)
    decided_by = serializers.CharField(
        help_text="Which step decided: a provider, `unjudged`, `off`, …"
    )
    matches = MatchBody(many=True)
    failures = FailureBody(many=True)
    latency = serializers.FloatField(help_text="Seconds.")
    cost = serializers.FloatField()
    actor = PersonField(allow_null=True, help_text="Null when no person decided.")
    created_at = serializers.DateTimeField()

    def get_message(self, line: Any) -> UUID | None:
        return _message_id(line)


class CaseBody(serializers.Serializer[Any]):
    """A message or a name for a moderator to review."""

    id = serializers.UUIDField()
    message = serializers.SerializerMethodField(help_text="Null when the subject is a name.")
    subject = SubjectField(source="*")
    revision = serializers.IntegerField()
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    origin = serializers.ChoiceField(choices=["hold", "flag"])
    state = serializers.ChoiceField(choices=_STATES)
    text = serializers.CharField()
    score = serializers.FloatField()
    categories = serializers.ListField(child=serializers.CharField())
    claimed_by = PersonField(allow_null=True)
    claimed_until = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    decided_by = PersonField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    close_reason = serializers.CharField(
        allow_blank=True,
        help_text="Why a closed case was not decided: `deleted`, `replaced` or `room_deleted`.",
    )
    closed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_message(self, case: Any) -> UUID | None:
        return _message_id(case)


class LogPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = LogBody(many=True)


class CasePage(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CaseBody(many=True)


class LogPages(ExactCursorPagination):
    """Newest first; ids order entries of the same moment."""

    ordering = ("-created_at", "-id")


class Logs(APIView):
    @extend_schema(
        operation_id="list_moderation_logs",
        parameters=[LogQuery, CURSOR, PAGE_SIZE],
        responses=LogPage,
    )
    def get(self, request: Request) -> Response:
        """List how messages were judged, newest first."""
        asked = validated(LogQuery, request.query_params.dict())
        scope_ids = _scopes(request, rights.VIEW_LOG)
        room_id = asked.get("room")
        if room_id and scope_ids is not None and room_id not in scope_ids:
            raise NotFound
        wanted = selectors.LogFilter(
            subject_id=asked.get("message") or asked.get("subject"),
            scope_id=room_id,
            verdict=asked.get("verdict"),
            provider=asked.get("provider"),
        )
        pages = LogPages()
        lines = selectors.logs(wanted=wanted, scope_ids=scope_ids)
        page = pages.paginate_queryset(lines, request, view=self)
        return pages.get_paginated_response(LogBody(page, many=True).data)


class Cases(APIView):
    @extend_schema(
        operation_id="list_moderation_cases",
        parameters=[CaseQuery, PAGE, PAGE_SIZE],
        responses=CasePage,
    )
    def get(self, request: Request) -> Response:
        """List the cases: the most severe first, then the oldest."""
        state = validated(CaseQuery, request.query_params.dict())["state"]
        pages = NumberedPages()
        queue = selectors.cases(state=state, scope_ids=_scopes(request, rights.VIEW_CASE))
        page = pages.paginate_queryset(queue, request, view=self)
        return pages.get_paginated_response(CaseBody(page, many=True).data)


class Claiming(APIView):
    @extend_schema(operation_id="claim_moderation_case", request=None, responses=CaseBody)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Claim a case for 15 minutes.

        409 while another moderator has it, or if it is decided or closed.
        """
        case = review.claim_case(
            actor_id=_who(request).user_id,
            case_id=case_id,
            scope_ids=_rooms(request, rights.CLAIM_CASE),
        )
        return Response(CaseBody(case).data)


class Ruling(APIView):
    @extend_schema(operation_id="rule_on_moderation_case", request=RulingInput, responses=CaseBody)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Decide a case, overriding automatic verdicts.

        409 while another moderator has claimed it, or if it is decided. 409 `case_superseded` if
        its text was replaced or deleted: then the ruling has no effect, and `reason` says why.
        """
        scope_ids = _rooms(request, rights.DECIDE_CASE)
        selectors.get_case(
            case_id=case_id, scope_ids=scope_ids
        )  # before validation: 404 for others
        ruling = validated(RulingInput, request.data)
        case = review.rule(
            actor_id=_who(request).user_id, case_id=case_id, scope_ids=scope_ids, **ruling
        )
        return Response(CaseBody(case).data)


def _who(request: Request) -> Principal:
    return cast("Principal", request.auth)


def _rooms(request: Request, permission: str) -> Collection[UUID] | None:
    """Return the rooms that the caller moderates; None for staff with the permission: all."""
    user = cast("User", request.user)
    return None if rights.staff_may(user, permission) else moderated_rooms(user.id)


def _scopes(request: Request, permission: str) -> Collection[UUID] | None:
    """Return the same for lists, which only moderators have.

    Raises:
        Forbidden: The caller moderates no room.
    """
    rooms = _rooms(request, permission)
    if rooms is not None and not rooms:
        raise Forbidden(_("This is for moderators."))
    return rooms


def _message_id(row: Any) -> UUID | None:
    return row.subject_id if row.subject_type == MESSAGE else None
