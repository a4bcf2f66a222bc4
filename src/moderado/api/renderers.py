"""Writes answers as JSON."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer


class _EscapedJSON(JSONRenderer):
    ensure_ascii = True


class EncodableJSON(JSONRenderer):
    """JSON in UTF-8, also if a sentence quotes a value that UTF-8 cannot write.

    A request may contain an unpaired surrogate (RFC 8259, section 8.2), and errors quote it. Such
    an answer is written in ASCII, with the surrogate as an escape.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return _EscapedJSON().render(data, accepted_media_type, renderer_context)
