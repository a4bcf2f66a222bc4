"""The OpenAPI document, in YAML or JSON and in each language of the server.

drf-spectacular would build it anew for each request, which takes a third of a second of CPU, in any
language and for any version that the address names.
"""

from functools import cache
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

from moderado.core.documents import Document, response_to
from moderado.core.languages import supported_language

_RENDERERS: dict[str, type[Any]] = {
    renderer.media_type: renderer for renderer in SpectacularAPIView.renderer_classes
}


class OpenAPIDocument(SpectacularAPIView):
    """Answers with the document, built once in a process for each language and format."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> HttpResponseBase:
        """Return the document, or 304 without a body if the client has it.

        `lang` chooses another language than the request asks for; unknown ones are ignored.
        """
        language = supported_language(request.GET.get("lang", "")) or translation.get_language()
        response = response_to(request, _document(request.accepted_renderer.media_type, language))
        name = f"Chat Moderado.{request.accepted_renderer.format}"
        response["Content-Disposition"] = f'inline; filename="{name}"'
        return response


@cache
def _document(media_type: str, language: str) -> Document:
    with translation.override(language):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # untyped there
        schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        body = _RENDERERS[media_type]().render(schema, renderer_context={})
    return Document(body, f"{media_type}; charset=utf-8")
