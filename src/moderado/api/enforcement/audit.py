"""The audit of staff: /api/enforcement/audit/."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import require, sees_restricted
from moderado.api.fields import IdField
from moderado.api.pagination import NewestFirstPagination
from moderado.api.schemas import CURSOR, PAGE_SIZE, PersonField, validated
from moderado.enforcement.selectors.audit import audit_lines

_EXAMPLE = {
    "id": "0197b1a0-0000-7000-8000-00000000000a",
    "created_at": "2026-11-28T12:00:00Z",
    "actor": {"id": "0197b1a0-0000-7000-8000-000000000002", "name": "Ana"},
    "action": "ruling_made",
    "subject_type": "ruling",
    "subject": "0197b1a0-0000-7000-8000-000000000009",
    "details": {"content": "remove", "sanctions": ["mute"]},
}


class AuditQuery(serializers.Serializer[Any]):
    actor = IdField(required=False, help_text="What this person did.")
    action = serializers.CharField(
        required=False, max_length=48, help_text="A code, such as `ruling_made`."
    )
    subject_type = serializers.CharField(required=False, max_length=32)
    subject = IdField(required=False, help_text="What happened to this.")


class AuditLineBody(serializers.Serializer[Any]):
    """What a member of staff did or read. Ids and codes, and no text about persons."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    actor = PersonField(allow_null=True, help_text="Null for the command line and the server.")
    action = serializers.CharField()
    subject_type = serializers.CharField(allow_blank=True)
    subject = serializers.UUIDField(source="subject_id", allow_null=True)
    details = serializers.DictField(
        child=serializers.JSONField(),
        help_text="`operator`: the user of the operating system who ran a command, as `cli:ana`.",
    )


class AuditPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AuditLineBody(many=True)


class Audit(APIView):
    @extend_schema(
        operation_id="list_audit_lines",
        parameters=[AuditQuery, CURSOR, PAGE_SIZE],
        responses=AuditPage,
        examples=[
            OpenApiExample(
                "A ruling",
                {"next": None, "previous": None, "results": [_EXAMPLE]},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List what staff did and read, newest first. For staff with `view_auditline`.

        Lines about restricted cases are for staff with `view_restricted_case` alone.
        """
        require(request, rights.VIEW_AUDIT)
        asked = validated(AuditQuery, request.query_params.dict())
        found = audit_lines(
            actor_id=asked.get("actor"),
            action=asked.get("action"),
            subject_type=asked.get("subject_type"),
            subject_id=asked.get("subject"),
            sees_restricted=sees_restricted(request),
        )
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(AuditLineBody(page, many=True).data)
