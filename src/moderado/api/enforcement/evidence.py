"""Evidence of a case as a signed ZIP: /api/enforcement/cases/{id}/evidence/."""

from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import may, require
from moderado.api.enforcement.cases import found
from moderado.api.schemas import StrictInput, validated
from moderado.core.file_blocks import FileBlocks
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.services.evidence import make_evidence_of_case


class EvidenceInput(StrictInput):
    order = serializers.CharField(
        max_length=REFERENCE_LENGTH,
        required=False,
        allow_blank=True,
        help_text="The reference of the order: adds a legal hold. Needed unless there is one.",
    )


class MakingEvidence(APIView):
    @extend_schema(
        operation_id="make_evidence",
        request=EvidenceInput,
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY)},
        examples=[OpenApiExample("package", value="PK…", media_type="application/zip")],
    )
    def post(self, request: Request, case_id: UUID) -> StreamingHttpResponse:
        """Download what is stored of the subject of a case, signed, and keep it by a legal hold.

        409 `hold_required` without an order, unless a hold exists; danger to children needs none.
        """
        actor = found(request, rights.VIEW_CASE, case_id)  # 404 before 403
        require(request, rights.MAKE_EVIDENCE)
        asked = validated(EvidenceInput, request.data)
        order = asked.get("order", "")
        made = make_evidence_of_case(
            actor=actor,
            case_id=case_id,
            order=order,
            sees_notifiers=may(request, rights.VIEW_NOTIFIER),
        )
        response = StreamingHttpResponse(FileBlocks(made.content), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{made.name}"'
        response["Cache-Control"] = "no-store"
        return response
