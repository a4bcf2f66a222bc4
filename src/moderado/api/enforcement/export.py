"""The export of one's own data: /api/me/export/."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from moderado.api.authentication import ALSO_WHEN_BANNED
from moderado.api.callers import caller
from moderado.api.enforcement.zip_stream import zipped
from moderado.enforcement.services import exports
from moderado.enforcement.services.exports import Export


class ExportBody(serializers.Serializer[Any]):
    """An export and its progress."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Export.State.choices)
    done = serializers.IntegerField(help_text="Messages that are exported already.")
    total = serializers.IntegerField(allow_null=True, help_text="null before it began.")
    requested_at = serializers.DateTimeField(source="created_at")
    expires_at = serializers.DateTimeField(allow_null=True)
    download = serializers.SerializerMethodField(help_text="null unless it is `ready`.")

    def get_download(self, export: Export) -> str | None:
        if export.state != Export.State.READY:
            return None
        return reverse("export_archive", [export.id], request=self.context["request"])


class Exports(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(operation_id="request_export", request=None, responses={202: ExportBody})
    def post(self, request: Request) -> Response:
        """Have all your data exported. Poll `GET me/export/{id}/` for its progress.

        While one is being prepared, it is returned. A new one replaces what was ready before.
        """
        export = exports.request_export(user_id=caller(request).user_id)
        return Response(ExportBody(export, context={"request": request}).data, status=202)


class OneExport(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(operation_id="get_export", responses=ExportBody)
    def get(self, request: Request, export_id: UUID) -> Response:
        """Return an export with its progress, and where to download it once it is ready."""
        export = exports.get_export(user_id=caller(request).user_id, export_id=export_id)
        return Response(ExportBody(export, context={"request": request}).data)


class ExportArchive(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="download_export",
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY)},
        examples=[OpenApiExample("archive", value="PK…", media_type="application/zip")],
    )
    def get(self, request: Request, export_id: UUID) -> StreamingHttpResponse:
        """Download an export as ZIP: `index.html` to read, and the same as JSON.

        409 `export_not_ready` before it is ready, and after it has expired.
        """
        export = exports.ready_export(user_id=caller(request).user_id, export_id=export_id)
        read = partial(exports.read_part, export_id=export.id)
        response = StreamingHttpResponse(zipped(read), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="export-{export.id}.zip"'
        response["Cache-Control"] = "no-store"
        return response
